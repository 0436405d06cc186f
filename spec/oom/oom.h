/* SPDX-License-Identifier: MIT */
/* What fails on demand; see oom.c. */
#ifndef oom_h
#define oom_h

#define OOM_SHOW __attribute__((visibility("default")))

/* One allocation, or call that needs one, is about to be made: 1 to fail. */
int oom_fails(void);

#endif
