/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-http.h"
#include "push/push-provider.h"

typedef struct _PushAttempt PushAttempt;

typedef enum {
  PUSH_ATTEMPT_END,   /* the result stands */
  PUSH_ATTEMPT_PAUSE, /* once more after a pause, where the deadline leaves time for it */
  PUSH_ATTEMPT_AGAIN, /* once more at once */
} PushAttemptNext;

/**
 * PushAttemptFuncs:
 * @fill: before each try: what to send; the strings are the leaf's until the next try. Returns
 *   NULL, or the queue in which the attempt must wait until the leaf resumes it
 * @judge: after each try: completes @result, whose outcome is set already where there was no
 *   answer. @next comes as what is usual for that outcome
 * @free: frees the leaf's @push
 *
 * What a leaf knows of one push.
 */
typedef struct {
  GQueue *(*fill) (PushProvider *provider, gpointer push, PushHttpRequest *request);
  PushAttemptNext (*judge) (PushProvider *provider,
                            gpointer push,
                            guint try,
                            const PushHttpAnswer *answer,
                            PushResult *result,
                            PushAttemptNext next);
  GDestroyNotify free;
} PushAttemptFuncs;

/* A leaf's; empty it is all zero. */
typedef struct {
  GQueue under_way;
  gboolean stopped; /* no more */
} PushAttempts;

typedef struct {
  PushProvider *provider;
  PushHttp *http;
  PushAttempts *attempts;
  const PushAttemptFuncs *funcs;
  guint deadline_ms;
  GCancellable *cancellable; /* nullable */
} PushAttemptOptions;

void push_attempt_start (const PushAttemptOptions *options,
                         gpointer push,
                         PushProviderFunc func,
                         gpointer user_data);
void push_attempts_stop (PushAttempts *attempts);

void push_attempt_resume_all (GQueue *queue);
void push_attempt_end_all (GQueue *queue, const PushResult *result);
