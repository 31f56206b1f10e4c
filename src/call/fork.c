/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fork: all who are called at once: phones that sleep, phones that are awake, or the PBX.
 *
 * The first 2xx wins and the others are hung up; when all have failed the best of their answers goes
 * to the caller (RFC 3261 16.7). Each of them is a branch, which does the waking; a branch tells its
 * fork and the fork tells the call.
 */
#include "call/fork.h"

#include "base/deadline.h"
#include "call/branch.h"
#include "call/header-policy.h"
#include "sip/sip-headers.h"

#define MAX_BRANCHES 60 /* RFC 5393: what a Max-Breadth of nothing would allow */

struct _Fork {
  const ForkFuncs *funcs;
  gpointer user_data;
  PushBucket *bucket;
  CallRecord *record;
  BranchCall call;
  gchar *caller; /* nullable: the URI of who calls */
  gchar *tag;
  GPtrArray *branches;
  Branch *winner;
  Deadline *verdict;
  gboolean started;
  gboolean held;
  gboolean over;
  ForkPolicy policy;
  guint best_rank;
  gchar *best_phrase; /* nullable */
  guint best;        /* status of the best failure so far */
  msg_t *best_answer; /* nullable: what the phone said */
};

/* RFC 3261 16.7 step 6: 6xx before all, then the lowest class; in it, what helps the caller most. That
 * a phone could not be reached is our own verdict, and counts after what phones have said. */
static guint
rank (guint status, const sip_t *response)
{
  if (!response)
    return 800;
  if (status >= 600)
    return 0;
  if (status == 482)
    return 900; /* a phone that has the call already has not rejected it */
  if (status == 401 || status == 407 || status == 415 || status == 420 || status == 484)
    return status - 200;
  return status;
}

static void
give_verdict (Fork *fork, const sip_t *response)
{
  guint status = fork->best && fork->best != 482 ? fork->best : 480;
  const gchar *phrase = fork->best_phrase;

  /* 482 says that the phone has the call by another way: for the caller that is nobody's answer. */
  if (status != fork->best)
    response = NULL, phrase = NULL;
  fork->over = TRUE;
  fork->funcs->failed (fork, status, phrase, response, fork->user_data);
}

static gboolean
all_failed (const Fork *fork)
{
  for (guint i = 0; i < fork->branches->len; i++)
    if (branch_failure (g_ptr_array_index (fork->branches, i)) == BRANCH_LIVES)
      return FALSE;
  return TRUE;
}

static gboolean
ends_all (const Fork *fork, guint status)
{
  if (status == 486)
    return fork->policy.busy_ends;
  if (status == 603)
    return fork->policy.decline_ends;
  return status >= 600 && fork->policy.failure_ends;
}

static void
hang_up_but (Fork *fork, const Branch *spared, BranchEnd end)
{
  for (guint i = 0; i < fork->branches->len; i++)
    if (g_ptr_array_index (fork->branches, i) != spared)
      branch_hang_up (g_ptr_array_index (fork->branches, i), end, NULL);
}

static void
on_verdict (gpointer user_data)
{
  Fork *fork = user_data;

  fork->verdict = NULL;
  give_verdict (fork, fork->best_answer ? sip_object (fork->best_answer) : NULL);
}

static void
on_branch_failed (Branch *branch, guint status, const gchar *phrase, const sip_t *response,
                  gpointer user_data)
{
  Fork *fork = user_data;
  gboolean for_all = ends_all (fork, status);
  gboolean better = !fork->best || for_all || rank (status, response) < fork->best_rank;

  if (fork->over || fork->winner)
    return;
  if (better) {
    fork->best = status;
    fork->best_rank = rank (status, response);
    g_free (fork->best_phrase);
    fork->best_phrase = g_strdup (phrase);
    g_clear_pointer (&fork->best_answer, msg_destroy);
  }
  /* While branches are being added more may come, and the call is not told from within. */
  if (!fork->started || !(for_all || all_failed (fork))) {
    if (better && response)
      fork->best_answer = sip_headers_keep (response);
    return;
  }
  hang_up_but (fork, branch, BRANCH_CALL_IS_OVER);
  if (!better)
    response = fork->best_answer ? sip_object (fork->best_answer) : NULL;
  give_verdict (fork, response);
}

static void
on_branch_held (Branch *branch, gpointer user_data)
{
  Fork *fork = user_data;

  if (fork->held || fork->over)
    return;
  fork->held = TRUE;
  fork->funcs->held (fork, fork->user_data);
}

static void
on_branch_ringing (Branch *branch, const sip_t *response, gpointer user_data)
{
  Fork *fork = user_data;

  if (!fork->over)
    fork->funcs->ringing (fork, branch_leg (branch, NULL), response, fork->user_data);
}

static void
on_branch_answered (Branch *branch, const sip_t *response, gpointer user_data)
{
  Fork *fork = user_data;

  if (fork->over || fork->winner) {
    branch_hang_up (branch, BRANCH_ANSWERED_ELSEWHERE, NULL);
    return;
  }
  fork->winner = branch;
  hang_up_but (fork, branch, BRANCH_ANSWERED_ELSEWHERE);
  fork->funcs->answered (fork, branch_leg (branch, NULL), response, fork->user_data);
}

static void
on_branch_ended (Branch *branch, const sip_t *bye, gpointer user_data)
{
  Fork *fork = user_data;

  if (branch == fork->winner)
    fork->funcs->ended (fork, branch_leg (branch, NULL), bye, fork->user_data);
}

static void
on_branch_request (Branch *branch, SipRequest *request, gpointer user_data)
{
  Fork *fork = user_data;

  fork->funcs->request (fork, branch_leg (branch, NULL), request, fork->user_data);
}

static void
on_branch_left (Branch *branch, Leg *leg, gpointer user_data)
{
  Fork *fork = user_data;

  fork->funcs->left (fork, leg, fork->user_data);
}

static const BranchFuncs branch_funcs = {
  .held = on_branch_held,
  .ringing = on_branch_ringing,
  .answered = on_branch_answered,
  .failed = on_branch_failed,
  .ended = on_branch_ended,
  .request = on_branch_request,
  .left = on_branch_left,
};

static void
describe_push (Fork *fork, const ForkOptions *options)
{
  const sip_from_t *from = options->original->sip_from;
  const url_t *url = from->a_url;

  if (url->url_user)
    fork->caller = g_strdup_printf ("sip:%s@%s", url->url_user, url->url_host);
  fork->call.push = (PushBucketCall){
    .kind = PUSH_KIND_CALL,
    .call_id = fork->call.call_id,
    .caller = { fork->caller, url->url_user, from->a_display },
    .seconds = options->wake_seconds,
  };
}

/**
 * fork_new:
 * @options: the call
 * @bucket: where phones are waited for
 * @record: of the call, whose id is the Call-ID toward those who are called
 * @funcs: what the call wants to know; never called from within fork_new() to fork_start()
 * @user_data: for @funcs
 *
 * Returns: (transfer full): a fork that calls nobody yet
 */
Fork *
fork_new (const ForkOptions *options, PushBucket *bucket, CallRecord *record,
          const ForkFuncs *funcs, gpointer user_data)
{
  Fork *fork = g_new0 (Fork, 1);

  fork->funcs = funcs;
  fork->user_data = user_data;
  fork->bucket = bucket;
  fork->record = call_record_ref (record);
  fork->tag = g_strdup (options->tag);
  fork->policy = options->policy;
  fork->call = (BranchCall){
    .original = options->original,
    .caller_id = options->original->sip_call_id->i_id,
    .invite = options->invite,
    .late = options->late,
    .breadth = options->breadth,
    .call_id = call_record_id (record),
    .tag = fork->tag,
    .direct_try_ms = options->direct_try_ms,
    .bucket = bucket,
    .record = fork->record,
    .media = options->media,
    .caller = options->caller,
    .caller_party = options->caller_party,
  };
  describe_push (fork, options);
  fork->branches = g_ptr_array_new_with_free_func ((GDestroyNotify) branch_free);
  return fork;
}

/**
 * fork_free:
 * @fork: (transfer full): a fork; its legs end by themselves
 */
void
fork_free (Fork *fork)
{
  fork->over = TRUE;
  deadline_clear (&fork->verdict);
  g_ptr_array_unref (fork->branches);
  g_clear_pointer (&fork->best_answer, msg_destroy);
  g_free (fork->best_phrase);
  call_record_unref (fork->record);
  g_clear_pointer (&fork->call.credentials, credentials_unref);
  g_free (fork->caller);
  g_free (fork->tag);
  g_free (fork);
}

/**
 * fork_add_phone:
 * @fork: a fork
 * @binding: a phone, called on its flow and woken where that does not answer
 */
void
fork_add_phone (Fork *fork, Binding *binding)
{
  Branch *branch = branch_new (&fork->call, &branch_funcs, fork);

  g_ptr_array_add (fork->branches, branch);
  branch_call_phone (branch, binding);
}

/**
 * fork_set_credentials:
 * @fork: a fork that has not started
 * @credentials: (transfer full): what answers a PBX's challenges
 */
void
fork_set_credentials (Fork *fork, Credentials *credentials)
{
  fork->call.credentials = credentials;
}

/**
 * fork_offer_reliable:
 * @fork: a fork that calls nobody yet, and only one phone then
 *
 * Lets the phone answer reliably where the caller supports it (RFC 3262).
 */
void
fork_offer_reliable (Fork *fork)
{
  fork->call.reliable = header_policy_offers_reliable (fork->call.original);
}

/**
 * fork_add_pbx:
 * @fork: a fork
 * @pbx: the PBX
 * @target: the Request-URI
 * @user: the user part of our URI toward it
 */
void
fork_add_pbx (Fork *fork, Pbx *pbx, const gchar *target, const gchar *user)
{
  Branch *branch = branch_new (&fork->call, &branch_funcs, fork);

  g_ptr_array_add (fork->branches, branch);
  branch_call_pbx (branch, pbx, target, user);
}

/**
 * fork_start:
 * @fork: a fork that has all its branches
 *
 * From here on the call is told, also of what went wrong before.
 */
void
fork_start (Fork *fork)
{
  fork->started = TRUE;
  if (all_failed (fork))
    fork->verdict = deadline_new (0, on_verdict, fork);
}

static Branch *
find_phone (const Fork *fork, const Binding *binding)
{
  for (guint i = 0; i < fork->branches->len; i++)
    if (branch_is_phone (g_ptr_array_index (fork->branches, i), binding))
      return g_ptr_array_index (fork->branches, i);
  return NULL;
}

/**
 * fork_join_phone:
 * @fork: a fork that was started
 * @binding: a phone that has just registered
 * @newcomers: whether one that is not called yet shall be
 *
 * A phone that is called already is called where it is now; one that could not be woken before gets
 * another chance. One that said no is left alone.
 */
void
fork_join_phone (Fork *fork, Binding *binding, gboolean newcomers)
{
  Branch *branch = find_phone (fork, binding);

  if (fork->over || fork->winner)
    return;
  if (branch && branch_failure (branch) == BRANCH_LIVES) {
    branch_refresh (branch, binding);
    return;
  }
  if (branch ? branch_failure (branch) == BRANCH_REFUSED : !newcomers)
    return;
  if (branch)
    g_ptr_array_remove (fork->branches, branch);
  else if (fork->branches->len >= MAX_BRANCHES)
    return;
  fork_add_phone (fork, binding);
}

/**
 * fork_hang_up:
 * @fork: a fork
 * @because: (nullable): the CANCEL or BYE of the other side
 *
 * Ends all branches; nobody is told any more.
 */
void
fork_hang_up (Fork *fork, const sip_t *because)
{
  fork->over = TRUE;
  for (guint i = 0; i < fork->branches->len; i++)
    branch_hang_up (g_ptr_array_index (fork->branches, i), BRANCH_CALL_IS_OVER, because);
}

/**
 * fork_size:
 * @fork: a fork
 *
 * Returns: how many are called
 */
guint
fork_size (const Fork *fork)
{
  return fork->branches->len;
}

static const Branch *
only_branch (const Fork *fork)
{
  if (fork->winner)
    return fork->winner;
  return fork->branches->len == 1 ? g_ptr_array_index (fork->branches, 0) : NULL;
}

/**
 * fork_only_leg:
 * @fork: a fork
 *
 * Returns: (transfer none) (nullable): the leg with whom one can talk: the winner's, or the only one
 */
Leg *
fork_only_leg (const Fork *fork)
{
  const Branch *branch = only_branch (fork);

  return branch ? branch_leg (branch, NULL) : NULL;
}

/**
 * fork_only_media:
 * @fork: a fork
 *
 * Returns: (transfer none) (nullable): the media between the caller and that leg
 */
MediaSession *
fork_only_media (const Fork *fork)
{
  const Branch *branch = only_branch (fork);

  MediaSession *media = NULL;

  if (branch)
    branch_leg (branch, &media);
  return media;
}
