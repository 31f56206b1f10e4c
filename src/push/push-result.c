/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-result: what came of one push.
 *
 * The outcome tells the caller what to do: TOKEN_DEAD ends the binding's push, CREDENTIALS is the
 * administrator's fault and never the device's, REFUSED will be refused again, the others may go
 * better another time.
 */
#include "push/push-result.h"

#define MAX_QUOTE 80 /* characters of the service's own words that are shown */
#define PRINTABLE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;-_{}\"'()"

/**
 * push_result_new:
 * @outcome: what came of it
 * @status: the service's HTTP status, or 0
 * @reason: (nullable): more, for a person
 *
 * Returns: (transfer full): a result
 */
PushResult *
push_result_new (PushOutcome outcome, guint status, const gchar *reason)
{
  PushResult *result = g_new0 (PushResult, 1);

  result->outcome = outcome;
  result->status = status;
  result->reason = g_strdup (reason);
  return result;
}

/**
 * push_result_free:
 * @result: (nullable) (transfer full): a result
 */
void
push_result_free (PushResult *result)
{
  if (!result)
    return;
  g_free (result->reason);
  g_free (result->date);
  g_free (result);
}

/**
 * push_result_quote:
 * @result: the result of an answer
 * @said: (nullable): the service's own words, which are shortened and cleaned
 *
 * Gives the reason in the service's words.
 */
void
push_result_quote (PushResult *result, const gchar *said)
{
  g_autofree gchar *clean = g_strndup (said ? said : "", MAX_QUOTE);

  g_free (result->reason);
  g_strcanon (clean, PRINTABLE, ' ');
  result->reason = g_strdup_printf ("the service said %u %s", result->status, clean);
  g_strchomp (result->reason);
}

/**
 * push_outcome_to_string:
 * @outcome: an outcome
 *
 * Returns: (transfer none): its name
 */
const gchar *
push_outcome_to_string (PushOutcome outcome)
{
  switch (outcome) {
  case PUSH_ACCEPTED:
    return "accepted";
  case PUSH_TOKEN_DEAD:
    return "token-dead";
  case PUSH_CREDENTIALS:
    return "credentials";
  case PUSH_REFUSED:
    return "refused";
  case PUSH_UNREACHABLE:
    return "unreachable";
  case PUSH_TIMED_OUT:
    return "timed-out";
  case PUSH_RATE_LIMITED:
    return "rate-limited";
  case PUSH_QUEUE_FULL:
    return "queue-full";
  case PUSH_CANCELLED:
    return "cancelled";
  }
  g_return_val_if_reached (NULL);
}
