/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-answer: what is asked of a push service's server, and what came back.
 *
 * The values that the providers and push-http hand each other.
 */
#include "push/push-answer.h"

/**
 * push_http_answer_new:
 * @outcome: what came of the request
 * @reason: (nullable): why there is no answer
 *
 * Returns: (transfer full): an answer
 */
PushHttpAnswer *
push_http_answer_new (PushHttpOutcome outcome, const gchar *reason)
{
  PushHttpAnswer *answer = g_new0 (PushHttpAnswer, 1);

  answer->outcome = outcome;
  answer->reason = g_strdup (reason);
  return answer;
}

/**
 * push_http_answer_free:
 * @answer: (nullable) (transfer full): an answer
 */
void
push_http_answer_free (PushHttpAnswer *answer)
{
  if (!answer)
    return;
  g_free (answer->body);
  g_free (answer->date);
  g_free (answer->reason);
  g_free (answer);
}
