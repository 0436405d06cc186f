/* SPDX-License-Identifier: MIT */
/*
** Where a request may go, and what is put into its path. libcurl, which
** will use the URL, has to see in it what po_url_check did: the same scheme
** and host, loopback or not, and nobody's name and password.
*/
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "url.h"


/* What libcurl reads in a URL; NULL: nothing. To be freed by curl_free. */
static char *part(CURLU *u, CURLUPart which) {
  char *s = NULL;
  return curl_url_get(u, which, &s, 0) == CURLUE_OK ? s : NULL;
}


/* The loopback addresses, in their one usual form. */
static int is_loopback(const char *host) {
  return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
         strncmp(host, "127.", 4) == 0;
}


static void compare(const char *url, int loopback, int insecure) {
  CURLU *u = curl_url();
  char *scheme, *host, *user;
  int plain;
  CHECK(u);
  CHECK(curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK ||
        strlen(url) > 1000);
  scheme = part(u, CURLUPART_SCHEME);
  host = part(u, CURLUPART_HOST);
  user = part(u, CURLUPART_USER);
  if (scheme && host) {
    plain = strcmp(scheme, "http") == 0;
    CHECK(plain || strcmp(scheme, "https") == 0);
    CHECK(!user);
    CHECK(!loopback || is_loopback(host));
    CHECK(!plain || insecure || is_loopback(host));
  }
  curl_free(scheme);
  curl_free(host);
  curl_free(user);
  curl_url_cleanup(u);
}


static void check(const uint8_t *data, size_t size, int insecure) {
  char *url = po_string(data, size);
  int loopback = -1;
  const char *wrong = po_url_check(url, size, insecure, &loopback);
  CHECK(loopback == 0 || loopback == 1);
  if (!wrong) {
    CHECK(strlen(url) == size);
    compare(url, loopback, insecure);
  }
  else
    CHECK(strlen(wrong) > 10);
  free(url);
}


static int is_unreserved(char c) {
  return strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                "0123456789-._~%", c) != NULL;
}


static void escape(const uint8_t *data, size_t size) {
  char *out = malloc(PO_ESCAPE_SIZE(size));
  char *back;
  size_t i, n;
  int len = -1;
  CHECK(out);
  n = po_url_escape(out, (const char *)data, size);
  CHECK(n < PO_ESCAPE_SIZE(size) && strlen(out) == n);
  for (i = 0; i < n; i++)
    CHECK(is_unreserved(out[i]));
  CHECK(strcmp(out, ".") != 0 && strcmp(out, "..") != 0);
  back = curl_easy_unescape(NULL, out, (int)n, &len);
  CHECK(back && (size_t)len == size);
  CHECK(size == 0 || memcmp(back, data, size) == 0);
  curl_free(back);
  free(out);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 0) {
    check(data + 1, size - 1, data[0] & 1);
    escape(data + 1, size - 1);
  }
  return 0;
}
