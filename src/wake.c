/* SPDX-License-Identifier: MIT */
#include "wake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/eventfd.h>
#endif


/* {====== The plain kind ====== */

#if defined(__linux__)

static int open_pair(int *in, int *out) {
  *in = *out = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return *in < 0 ? errno : 0;
}

#else

static int open_pair(int *in, int *out) {
  int fd[2], i;
  if (pipe(fd) != 0)
    return errno;
  for (i = 0; i < 2; i++) {
    fcntl(fd[i], F_SETFD, FD_CLOEXEC);
    fcntl(fd[i], F_SETFL, O_NONBLOCK);
  }
  *in = fd[0];
  *out = fd[1];
  return 0;
}

#endif


int po_wake_open(struct po_wake *w) {
  memset(w, 0, sizeof(*w));
  w->in = w->out = w->listener = -1;
  return open_pair(&w->in, &w->out);
}


/* Neither a full pipe nor a reader that has gone is a fault: see wake.h. */
void po_wake_raise(const struct po_wake *w) {
  uint64_t one = 1;
  ssize_t n;
  if (w->in < 0)
    n = send(w->out, "!", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  else
    n = write(w->out, &one, sizeof(one));
  (void)n;
}


void po_wake_clear(const struct po_wake *w) {
  char buffer[64];
  ssize_t n;
  if (w->in < 0)
    return;  /* the reader has done it */
  do
    n = read(w->in, buffer, sizeof(buffer));
  while (n == (ssize_t)sizeof(buffer));
}


static void close_one(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}


void po_wake_renew(struct po_wake *w) {
  int in, out;
  close_one(&w->listener);
  if (w->in < 0 || open_pair(&in, &out) != 0)
    return;
  dup2(in, w->in);
  if (w->out != w->in)
    dup2(out, w->out);
  fcntl(w->in, F_SETFD, FD_CLOEXEC);
  fcntl(w->out, F_SETFD, FD_CLOEXEC);
  if (out != in)
    close(out);
  close(in);
}

/* }============================= */


/* {====== The stream ====== */

/* Removes the listener, its name and its directory. */
static void end_listening(struct po_wake *w) {
  char *slash = strrchr(w->path, '/');
  if (w->listener < 0)
    return;
  close_one(&w->listener);
  unlink(w->path);
  if (slash) {
    *slash = '\0';
    rmdir(w->path);
  }
  w->path[0] = '\0';
}


void po_wake_close(struct po_wake *w) {
  end_listening(w);
  if (w->out != w->in)
    close_one(&w->out);
  close_one(&w->in);
  w->out = -1;
}


static int bind_and_listen(struct po_wake *w) {
  struct sockaddr_un a;
  int err;
  memset(&a, 0, sizeof(a));
  a.sun_family = AF_UNIX;
  memcpy(a.sun_path, w->path, strlen(w->path) + 1);
  w->listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (w->listener < 0)
    return errno;
  fcntl(w->listener, F_SETFD, FD_CLOEXEC);
  fcntl(w->listener, F_SETFL, O_NONBLOCK);
  if (bind(w->listener, (const struct sockaddr *)&a, sizeof(a)) == 0 &&
      listen(w->listener, 1) == 0)
    return 0;
  err = errno;
  close_one(&w->listener);
  return err;
}


int po_wake_listen(struct po_wake *w, const char *directory) {
  int n, err;
  end_listening(w);
  n = snprintf(w->path, sizeof(w->path), "%s/portone-XXXXXX", directory);
  if (n < 0 || (size_t)n + sizeof("/s") > sizeof(w->path))
    return ENAMETOOLONG;
  if (!mkdtemp(w->path))  /* makes it for this user only, mode 0700 */
    return errno;
  memcpy(w->path + n, "/s", sizeof("/s"));
  err = bind_and_listen(w);
  if (err) {
    w->path[n] = '\0';
    rmdir(w->path);
  }
  return err;
}


/* Is it this very process that has connected? */
static int is_ours(int fd) {
#if defined(__linux__)
  struct ucred peer;
  socklen_t len = sizeof(peer);
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
         peer.pid == getpid();
#else
  (void)fd;
  return 1;
#endif
}


int po_wake_accept(struct po_wake *w) {
  int fd, err;
  if (w->listener < 0)
    return EINVAL;
  fd = accept(w->listener, NULL, NULL);
  err = fd < 0 ? errno : 0;
  end_listening(w);
  if (fd >= 0 && !is_ours(fd)) {
    close(fd);
    return EPERM;
  }
  if (fd < 0)
    return err;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  po_wake_close(w);
  w->out = fd;
  return 0;
}

/* }========================= */
