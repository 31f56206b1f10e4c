/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-check: whether the push services can be reached and believe us, without a phone to push to.
 *
 * Asked for by the administrator. Each service gets a push for a device that does not exist: that
 * it complains of the device alone proves the rest. All are asked at once.
 */
#include "push/push-check.h"

#include "base/clock.h"
#include "base/error.h"
#include "push/push-http.h"

#define RUNNING "push-check-running" /* data of a service that is being checked */
#define MAX_SKEW 60 /* seconds; the strictest service wants the tokens' times to be that good */

/* One group while it is checked. */
typedef struct {
  gchar *name;
  PushProvider *provider;
  PushResult *result; /* of the question; NULL where there is no service to ask */
  gint64 heard;       /* wall seconds */
} Group;

typedef struct {
  GPtrArray *groups; /* of Group, in the order of the configuration */
  guint deadline_ms;
  guint asked; /* services that have not answered */
} Check;

typedef struct {
  GTask *task;
  Group *group;
} Question;

static void
group_free (Group *group)
{
  g_free (group->name);
  g_object_unref (group->provider);
  push_result_free (group->result);
  g_free (group);
}

static void
check_free (Check *check)
{
  g_ptr_array_unref (check->groups);
  g_free (check);
}

/**
 * push_finding_free:
 * @finding: (transfer full): a finding
 */
void
push_finding_free (PushFinding *finding)
{
  g_free (finding->group);
  g_free (finding->provider);
  g_free (finding->detail);
  g_free (finding);
}

static void
add (GPtrArray *findings,
     const Group *group,
     const gchar *subject,
     PushVerdict verdict,
     const gchar *detail)
{
  PushFinding *finding = g_new0 (PushFinding, 1);

  finding->group = g_strdup (group->name);
  finding->provider = g_strdup (push_provider_name (group->provider));
  finding->subject = subject;
  finding->verdict = verdict;
  finding->detail = g_strdup (detail);
  g_ptr_array_add (findings, finding);
}

/* ---- what was found ---- */

static void
judge_proof (GPtrArray *findings, const Group *group)
{
  g_autoptr (GError) error = NULL;
  gint64 end;
  g_autofree gchar *proof = push_provider_prove (group->provider, &end, &error);
  g_autoptr (GDateTime) until = proof && end ? g_date_time_new_from_unix_utc (end) : NULL;
  g_autofree gchar *date = NULL, *detail = NULL;

  if (!proof) {
    add (findings, group, "key", PUSH_VERDICT_BAD, error->message);
    return;
  }
  if (!until) {
    add (findings, group, "key", PUSH_VERDICT_GOOD, proof);
    return;
  }
  date = g_date_time_format_iso8601 (until);
  detail = g_strdup_printf ("%s, until %s", proof, date);
  add (findings, group, "certificate", end > clock_wall () ? PUSH_VERDICT_GOOD : PUSH_VERDICT_BAD,
       detail);
}

static PushVerdict
verdict_of (const PushResult *result)
{
  switch (result->outcome) {
  case PUSH_ACCEPTED:
  case PUSH_TOKEN_DEAD:
    return PUSH_VERDICT_GOOD;
  case PUSH_REFUSED:
    return result->status == 400 ? PUSH_VERDICT_GOOD : PUSH_VERDICT_BAD;
  case PUSH_CREDENTIALS:
  case PUSH_UNREACHABLE:
  case PUSH_TIMED_OUT:
  case PUSH_RATE_LIMITED:
  case PUSH_QUEUE_FULL:
    return PUSH_VERDICT_BAD;
  case PUSH_CANCELLED:
    return PUSH_VERDICT_UNKNOWN;
  }
  g_return_val_if_reached (PUSH_VERDICT_UNKNOWN);
}

static void
judge_answer (GPtrArray *findings, const Group *group)
{
  const PushResult *result = group->result;
  PushVerdict verdict;
  g_autofree gchar *detail = NULL;

  if (!result) {
    add (findings, group, "service", PUSH_VERDICT_UNKNOWN,
         "each phone names its own: there is none to ask");
    return;
  }
  verdict = verdict_of (result);
  detail = verdict == PUSH_VERDICT_GOOD
               ? g_strdup_printf ("it believes us (%u)", result->status)
               : g_strdup_printf ("%s: %s", push_outcome_to_string (result->outcome),
                                  result->reason ? result->reason : "no answer");
  add (findings, group, "service", verdict, detail);
}

static void
judge_clock (GPtrArray *findings, const Group *group)
{
  gint64 date = group->result ? push_http_date (group->result->date) : 0;
  gint64 ahead = group->heard - date;
  g_autofree gchar *detail = NULL;

  if (!date) {
    add (findings, group, "clock", PUSH_VERDICT_UNKNOWN, "no answer tells the time");
    return;
  }
  detail = g_strdup_printf ("%" G_GINT64_FORMAT " s %s the service's", ABS (ahead),
                            ahead < 0 ? "behind" : "ahead of");
  add (findings, group, "clock", ABS (ahead) > MAX_SKEW ? PUSH_VERDICT_BAD : PUSH_VERDICT_GOOD,
       detail);
}

/* ---- asking ---- */

static void
complete (GTask *task)
{
  Check *check = g_task_get_task_data (task);
  GPtrArray *findings = g_ptr_array_new_with_free_func ((GDestroyNotify) push_finding_free);

  for (guint i = 0; i < check->groups->len; i++) {
    const Group *group = g_ptr_array_index (check->groups, i);

    judge_proof (findings, group);
    judge_answer (findings, group);
    judge_clock (findings, group);
  }
  g_object_set_data (g_task_get_source_object (task), RUNNING, NULL);
  g_task_return_pointer (task, findings, (GDestroyNotify) g_ptr_array_unref);
}

static void
settle (GTask *task)
{
  Check *check = g_task_get_task_data (task);

  if (--check->asked == 0)
    complete (task);
}

static void
on_answer (PushResult *result, gpointer user_data)
{
  g_autofree Question *question = user_data;
  g_autoptr (GTask) task = question->task;

  question->group->result = result;
  question->group->heard = clock_wall ();
  settle (task);
}

static void
ask (const gchar *name, PushProvider *provider, gpointer user_data)
{
  GTask *task = user_data;
  Check *check = g_task_get_task_data (task);
  g_autoptr (PushRequest) request = push_provider_question (provider);
  Group *group = g_new0 (Group, 1);
  Question *question;

  group->name = g_strdup (name);
  group->provider = g_object_ref (provider);
  g_ptr_array_add (check->groups, group);
  if (!request)
    return;
  question = g_new0 (Question, 1);
  question->task = g_object_ref (task);
  question->group = group;
  check->asked++;
  push_provider_send (provider, request, check->deadline_ms, NULL, on_answer, question);
}

/**
 * push_check_async:
 * @service: the push services
 * @deadline_ms: milliseconds until an answer is useless
 * @callback: called once, never before this returns
 * @user_data: for @callback
 *
 * One at a time.
 */
void
push_check_async (PushService *service,
                  guint deadline_ms,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (service, NULL, callback, user_data);
  Check *check;

  g_task_set_source_tag (task, push_check_async);
  if (g_object_get_data (G_OBJECT (service), RUNNING)) {
    g_task_return_new_error (task, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT,
                             "the push services are being checked already");
    return;
  }
  g_object_set_data (G_OBJECT (service), RUNNING, service);
  check = g_new0 (Check, 1);
  check->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) group_free);
  check->deadline_ms = deadline_ms;
  g_task_set_task_data (task, check, (GDestroyNotify) check_free);
  check->asked = 1; /* the asking itself */
  push_service_each (service, ask, task);
  settle (task);
}

/**
 * push_check_finish:
 * @service: the push services
 * @result: what the callback was given
 * @error: SIPWAKE_ERROR_LIMIT while another check runs; never set for what was found
 *
 * Returns: (transfer full) (nullable) (element-type PushFinding): what was found, by group
 */
GPtrArray *
push_check_finish (PushService *service, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, service), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * push_verdict_to_string:
 * @verdict: a verdict
 *
 * Returns: (transfer none): its name
 */
const gchar *
push_verdict_to_string (PushVerdict verdict)
{
  switch (verdict) {
  case PUSH_VERDICT_GOOD:
    return "good";
  case PUSH_VERDICT_BAD:
    return "bad";
  case PUSH_VERDICT_UNKNOWN:
    return "unknown";
  }
  g_return_val_if_reached (NULL);
}
