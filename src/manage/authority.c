/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * authority: who may read, test and change: polkit decides, call by call.
 *
 * On the session bus everybody is the owner, so polkit is not asked. A server without polkit is
 * managed by root alone. The D-Bus interfaces ask before they do anything.
 */
#include "manage/authority.h"

#include "base/error.h"
#include "base/log.h"
#include "base/names.h"

#include <polkit/polkit.h>

#define MAX_PENDING 100
#define ASK_MS 5000

struct _Authority {
  gboolean polkit;
  guint pending;
  GCancellable *cancellable;
};

/* A call that waits for its yes. */
typedef struct {
  Authority *authority; /* gone when the cancellable is cancelled */
  GCancellable *cancellable;
  AuthorityAction action;
  GDBusMethodInvocation *invocation;
  AuthorityFunc func;
  gpointer user_data;
} Check;

static const gchar *
action_id (AuthorityAction action)
{
  switch (action) {
  case AUTHORITY_READ:
    return SIPWAKE_ACTION_READ;
  case AUTHORITY_TEST:
    return SIPWAKE_ACTION_TEST;
  case AUTHORITY_CHANGE:
    return SIPWAKE_ACTION_CHANGE;
  }
  g_return_val_if_reached (SIPWAKE_ACTION_CHANGE);
}

/* Takes the check; the answer is for the caller of the method. */
static void
conclude (Check *check, gboolean allowed, const gchar *why)
{
  gboolean stopped = g_cancellable_is_cancelled (check->cancellable);

  if (!stopped)
    check->authority->pending--;
  if (stopped)
    g_dbus_method_invocation_return_error_literal (check->invocation, SIPWAKE_ERROR,
                                                   SIPWAKE_ERROR_CANCELLED, "sipwake stops");
  else if (allowed)
    check->func (check->invocation, check->user_data);
  else {
    log_info (LOG_NONE, "%s of %s denied: %s",
              g_dbus_method_invocation_get_method_name (check->invocation),
              g_dbus_method_invocation_get_sender (check->invocation), why);
    g_dbus_method_invocation_return_error (check->invocation, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED,
                                           "%s is not allowed: %s", action_id (check->action), why);
  }
  g_object_unref (check->cancellable);
  g_free (check);
}

/* ---- without polkit ---- */

static void
on_user (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint32 user = G_MAXUINT32;

  if (answer)
    g_variant_get (answer, "(u)", &user);
  conclude (check, user == 0, "there is no polkit here, so only root may");
}

static void
ask_for_root (Check *check)
{
  g_dbus_connection_call (
      g_dbus_method_invocation_get_connection (check->invocation), "org.freedesktop.DBus",
      "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixUser",
      g_variant_new ("(s)", g_dbus_method_invocation_get_sender (check->invocation)),
      G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, ASK_MS, check->cancellable, on_user, check);
}

/* ---- with it ---- */

static gboolean
is_missing (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
         g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
         g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND);
}

static void
on_polkit_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthorizationResult) answer =
      polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);

  if (!answer && is_missing (error))
    ask_for_root (check);
  else if (!answer)
    conclude (check, FALSE, error->message);
  else
    conclude (check, polkit_authorization_result_get_is_authorized (answer),
              polkit_authorization_result_get_is_challenge (answer)
                  ? "polkit wants a password, and nothing can ask for it"
                  : "polkit says no");
}

static void
on_polkit (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthority) polkit = polkit_authority_get_finish (result, &error);
  g_autoptr (PolkitSubject) subject = NULL;
  GDBusMessage *message = g_dbus_method_invocation_get_message (check->invocation);
  gboolean may_ask =
      g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;

  if (!polkit) {
    log_warning (LOG_NONE, "polkit is not reached: %s", error->message);
    ask_for_root (check);
    return;
  }
  subject = polkit_system_bus_name_new (g_dbus_method_invocation_get_sender (check->invocation));
  polkit_authority_check_authorization (
      polkit, subject, action_id (check->action), NULL,
      may_ask ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
              : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
      check->cancellable, on_polkit_answer, check);
}

/**
 * authority_check:
 * @authority: the authority
 * @action: what is to be done
 * @invocation: (transfer full): the call that asks for it
 * @func: gets @invocation (transfer full) when it is allowed, maybe before this returns
 * @user_data: for @func
 *
 * A call that is not allowed is answered with SIPWAKE_ERROR_DENIED; one too many at once with
 * SIPWAKE_ERROR_LIMIT; those that wait at the end with SIPWAKE_ERROR_CANCELLED.
 */
void
authority_check (Authority *authority,
                 AuthorityAction action,
                 GDBusMethodInvocation *invocation,
                 AuthorityFunc func,
                 gpointer user_data)
{
  Check *check;

  if (!authority->polkit) {
    func (invocation, user_data);
    return;
  }
  if (authority->pending >= MAX_PENDING) {
    g_dbus_method_invocation_return_error_literal (invocation, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT,
                                                   "too many requests wait for polkit");
    return;
  }
  check = g_new0 (Check, 1);
  *check = (Check){ authority, g_object_ref (authority->cancellable), action, invocation, func,
                    user_data };
  authority->pending++;
  polkit_authority_get_async (check->cancellable, on_polkit, check);
}

/**
 * authority_new:
 * @polkit: whether polkit decides; otherwise everybody may do everything
 *
 * Returns: (transfer full): an authority
 */
Authority *
authority_new (gboolean polkit)
{
  Authority *authority = g_new0 (Authority, 1);

  authority->polkit = polkit;
  authority->cancellable = g_cancellable_new ();
  return authority;
}

/**
 * authority_free:
 * @authority: (transfer full): an authority; what waits for it gets an error
 */
void
authority_free (Authority *authority)
{
  g_cancellable_cancel (authority->cancellable);
  g_object_unref (authority->cancellable);
  g_free (authority);
}
