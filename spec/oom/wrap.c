/* SPDX-License-Identifier: MIT */
/*
** Linked into our modules with -Wl,--wrap for each of these names: what our
** C calls that can fail for want of memory, threads or descriptors. Whether
** it does is oom.c's to say, where that is there.
*/
#include "oom.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <sys/epoll.h>

#include <curl/curl.h>
#include <openssl/evp.h>

#undef curl_easy_setopt
#undef curl_multi_setopt

extern int oom_fails(void) __attribute__((weak));

static int denied(int error) {
  if (!oom_fails || !oom_fails())
    return 0;
  errno = error;
  return 1;
}


/*
** WRAP(result, name, parameters, arguments, errno, result when it fails)
** Weak, because not every module has all of them.
*/
#define WRAP(result, name, parameters, arguments, error, failure) \
  extern result __real_##name parameters __attribute__((weak)); \
  result __wrap_##name parameters; \
  result __wrap_##name parameters { \
    return denied(error) ? (failure) : __real_##name arguments; \
  }

WRAP(void *, malloc, (size_t n), (n), ENOMEM, NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), ENOMEM, NULL)
WRAP(void *, realloc, (void *p, size_t n), (p, n), ENOMEM, NULL)
WRAP(char *, strdup, (const char *s), (s), ENOMEM, NULL)

WRAP(int, pthread_create, (pthread_t *t, const pthread_attr_t *a,
     void *(*f)(void *), void *ud), (t, a, f, ud), EAGAIN, EAGAIN)
WRAP(int, eventfd, (unsigned int n, int flags), (n, flags), EMFILE, -1)
WRAP(int, epoll_create1, (int flags), (flags), EMFILE, -1)
WRAP(int, epoll_ctl, (int set, int op, int fd, struct epoll_event *e),
     (set, op, fd, e), ENOSPC, -1)
WRAP(char *, mkdtemp, (char *path), (path), ENOSPC, NULL)

WRAP(CURL *, curl_easy_init, (void), (), ENOMEM, NULL)
WRAP(CURLM *, curl_multi_init, (void), (), ENOMEM, NULL)
WRAP(CURLMcode, curl_multi_add_handle, (CURLM *m, CURL *e), (m, e), ENOMEM,
     CURLM_OUT_OF_MEMORY)
WRAP(struct curl_slist *, curl_slist_append,
     (struct curl_slist *l, const char *s), (l, s), ENOMEM, NULL)

WRAP(int, RAND_bytes, (unsigned char *p, int n), (p, n), ENOMEM, 0)
WRAP(unsigned char *, HMAC, (const EVP_MD *md, const void *key, int keylen,
     const unsigned char *p, size_t n, unsigned char *out, unsigned int *len),
     (md, key, keylen, p, n, out, len), ENOMEM, NULL)

/* What MHD_… need not be known here: all of it is a pointer or an int. */
struct MHD_Response;
struct MHD_Connection;
WRAP(struct MHD_Response *, MHD_create_response_from_buffer,
     (size_t n, void *p, int mode), (n, p, mode), ENOMEM, NULL)
WRAP(struct MHD_Response *, MHD_create_response_from_callback,
     (unsigned long long size, size_t block, void *f, void *ud, void *done),
     (size, block, f, ud, done), ENOMEM, NULL)
WRAP(int, MHD_add_response_header, (struct MHD_Response *r, const char *name,
     const char *value), (r, name, value), ENOMEM, 0)
WRAP(int, MHD_queue_response, (struct MHD_Connection *c, unsigned int status,
     struct MHD_Response *r), (c, status, r), ENOMEM, 0)

struct lua_State;
WRAP(struct lua_State *, luaL_newstate, (void), (), ENOMEM, NULL)


/* Their one argument is a pointer, a long or a curl_off_t: as wide as each
   other on every system this is run on. */
CURLcode __real_curl_easy_setopt(CURL *e, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *e, CURLoption option, ...);

CURLcode __wrap_curl_easy_setopt(CURL *e, CURLoption option, ...) {
  va_list list;
  void *value;
  va_start(list, option);
  value = va_arg(list, void *);
  va_end(list);
  /* to say less to libcurl needs no memory, and is never refused */
  if (value && denied(ENOMEM))
    return CURLE_OUT_OF_MEMORY;
  return __real_curl_easy_setopt(e, option, value);
}


CURLMcode __real_curl_multi_setopt(CURLM *m, CURLMoption option, ...);
CURLMcode __wrap_curl_multi_setopt(CURLM *m, CURLMoption option, ...);

CURLMcode __wrap_curl_multi_setopt(CURLM *m, CURLMoption option, ...) {
  va_list list;
  void *value;
  va_start(list, option);
  value = va_arg(list, void *);
  va_end(list);
  return denied(ENOMEM) ? CURLM_OUT_OF_MEMORY
                        : __real_curl_multi_setopt(m, option, value);
}
