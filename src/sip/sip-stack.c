/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-stack: Sofia's transaction layer with all our listeners, and the door through which every
 * request outside of a dialog comes in.
 *
 * The router is its one handler. Requests inside dialogs go to their sip-dialog.
 */
#include "sip/sip-stack.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "sip/sip-ack.h"

#define MAX_MESSAGE (64 << 10)
#define MAX_CALLS_RINGING 100000
#define PRELOAD 1792 /* bytes for the headers of each message, which are taken at once */
#define WATCH_MS 1000

struct _SipStack {
  SipLoop *loop;
  nta_agent_t *agent;
  nta_leg_t *default_leg;
  GPtrArray *listeners;
  GHashTable *by_name;
  GHashTable *dialogs; /* see SipListener */
  SipStackFunc func;
  gpointer user_data;
  Deadline *watch; /* of @malformed */
  usize_t malformed;
};

static int
on_request (nta_leg_magic_t *magic, nta_leg_t *leg, nta_incoming_t *irq, const sip_t *sip)
{
  SipStack *stack = magic;
  SipListener *listener = sip_listener_of (stack->by_name, stack->agent, irq);
  g_autoptr (SipRequest) request = NULL;

  if (!listener)
    return 500;
  request = sip_request_new (listener, irq, sip);
  /* No dialog, no transaction: a stray ACK is not answered (RFC 3261 17.1.1.3). */
  if (sip_request_method (request) == sip_method_ack)
    return 0;
  if (!sip_dialog_take (request) && stack->func)
    stack->func (request, stack->user_data);
  return 0;
}

/* Whom nobody knows any more gets nothing: it would go where a stranger says. */
static int
on_stray (nta_agent_magic_t *magic, nta_agent_t *agent, msg_t *msg, sip_t *sip)
{
  const SipStack *stack = magic;

  if (sip->sip_status && sip->sip_status->st_status / 100 == 2 &&
      sip->sip_cseq->cs_method == sip_method_invite)
    sip_ack_repeat (g_ptr_array_index (stack->listeners, 0), sip);
  msg_destroy (msg);
  return 0;
}

/* The stack answers malformed messages by itself; without this nobody would see that they come. */
static void
watch_malformed (gpointer user_data)
{
  SipStack *stack = user_data;
  usize_t malformed = 0;

  stack->watch = deadline_new (WATCH_MS, watch_malformed, stack);
  nta_agent_get_stats (stack->agent, NTATAG_S_BAD_MESSAGE_REF (malformed), TAG_END ());
  if (malformed > stack->malformed) {
    counters_add (COUNTER_REQUESTS_MALFORMED, (gint64) (malformed - stack->malformed));
    log_warning (LOG_NONE, "refused %u malformed or oversized SIP messages in the last second",
                 (guint) (malformed - stack->malformed));
    stack->malformed = malformed;
  }
}

static void
on_sofia_log (void *stream, char const *format, va_list args)
{
  g_autofree gchar *text = NULL;

  if (!log_wants (G_LOG_LEVEL_DEBUG))
    return;
  text = g_strdup_vprintf (format, args);
  log_line (G_LOG_LEVEL_DEBUG, LOG_NONE, "stack: %s", g_strchomp (text));
}

static gboolean
open_listeners (SipStack *stack, GPtrArray *listener_options, GError **error)
{
  for (guint i = 0; i < listener_options->len; i++) {
    SipListener *listener = sip_listener_new (g_ptr_array_index (listener_options, i), stack->loop,
                                              stack->agent, stack->by_name, stack->dialogs, error);

    if (!listener)
      return FALSE;
    g_ptr_array_add (stack->listeners, listener);
    g_hash_table_insert (stack->by_name, listener->name, listener);
  }
  for (guint i = 0; i < stack->listeners->len; i++) {
    SipListener *listener = g_ptr_array_index (stack->listeners, i);

    if (!sip_listener_speak (listener)) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_FAILED,
                   "[listen:%s] the SIP stack does not know its own socket", listener->name);
      return FALSE;
    }
  }
  return TRUE;
}

/**
 * sip_stack_new:
 * @listener_options: (element-type SipListenerOptions): where to listen
 * @context: (nullable): the context that runs the stack
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the stack with all listeners open
 */
SipStack *
sip_stack_new (GPtrArray *listener_options, GMainContext *context, GError **error)
{
  SipLoop *loop = sip_loop_new (context, error);
  SipStack *stack;

  if (!loop)
    return NULL;
  stack = g_new0 (SipStack, 1);
  stack->loop = loop;
  stack->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) sip_listener_free);
  stack->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  stack->dialogs = g_hash_table_new (g_str_hash, g_str_equal);
  su_log_redirect (NULL, on_sofia_log, NULL);
  su_log_set_level (NULL, 1);

  stack->agent = nta_agent_create (
      sip_loop_root (loop), (url_string_t *) -1, on_stray, stack, NTATAG_UA (1), NTATAG_CANCEL_487 (0),
      NTATAG_CLIENT_RPORT (1), NTATAG_SERVER_RPORT (1), NTATAG_TCP_RPORT (1), NTATAG_USE_SRV (0),
      NTATAG_USE_NAPTR (0), NTATAG_UDP_MTU (65535), NTATAG_MAXSIZE (MAX_MESSAGE),
      NTATAG_PRELOAD (PRELOAD), NTATAG_MAX_PROCEEDING (MAX_CALLS_RINGING),
      NTATAG_PROGRESS (G_MAXUINT), /* sip-request repeats */
      TPTAG_SDWN_ERROR (1), TPTAG_PONG2PING (1), TAG_END ());
  if (!stack->agent) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_FAILED, "cannot start the SIP stack");
    sip_stack_free (stack);
    return NULL;
  }
  stack->default_leg =
    nta_leg_tcreate (stack->agent, on_request, stack, NTATAG_NO_DIALOG (1), TAG_END ());
  if (!open_listeners (stack, listener_options, error)) {
    sip_stack_free (stack);
    return NULL;
  }
  stack->watch = deadline_new (WATCH_MS, watch_malformed, stack);
  return stack;
}

/**
 * sip_stack_free:
 * @stack: (transfer full): the stack; no request, transaction, dialog or flow of it is held any more
 */
void
sip_stack_free (SipStack *stack)
{
  deadline_clear (&stack->watch);
  if (stack->default_leg)
    nta_leg_destroy (stack->default_leg);
  if (stack->agent)
    nta_agent_destroy (stack->agent);
  g_hash_table_unref (stack->by_name);
  g_hash_table_unref (stack->dialogs);
  g_ptr_array_unref (stack->listeners);
  sip_loop_free (stack->loop);
  g_free (stack);
}

/**
 * sip_stack_set_handler:
 * @stack: the stack
 * @func: gets each request outside of our dialogs
 * @user_data: for @func
 */
void
sip_stack_set_handler (SipStack *stack, SipStackFunc func, gpointer user_data)
{
  stack->func = func;
  stack->user_data = user_data;
}

/**
 * sip_stack_listeners:
 * @stack: the stack
 *
 * Returns: (transfer none) (element-type SipListener): all listeners
 */
GPtrArray *
sip_stack_listeners (SipStack *stack)
{
  return stack->listeners;
}

/**
 * sip_stack_find_listener:
 * @stack: the stack
 * @side: toward whom
 * @transport: by what
 * @family: IPv4 or IPv6
 *
 * Returns: (transfer none) (nullable): the first listener that fits
 */
SipListener *
sip_stack_find_listener (SipStack *stack, SipSide side, SipTransport transport, GSocketFamily family)
{
  for (guint i = 0; i < stack->listeners->len; i++) {
    SipListener *listener = g_ptr_array_index (stack->listeners, i);

    if (listener->side == side && listener->transport == transport && listener->family == family)
      return listener;
  }
  return NULL;
}
