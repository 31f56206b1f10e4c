/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx-probe: OPTIONS to one address of a PBX, again and again (RFC 3261 11.1).
 *
 * Any answer will do. On streams it also keeps the connection open: the stack closes what is idle
 * for half an hour, and some PBXs forget with a connection what was registered over it. Its hop
 * listens to it.
 */
#include "registrar/pbx-probe.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "crypto/token.h"
#include "sip/sip-headers.h"
#include "sip/sip-transaction.h"

#define INTERVAL_MS 30000
#define INTERVAL_DOWN_MS 4000
#define PATIENCE_MS 5000 /* five datagrams */
#define GAP_MS 1000      /* between two probes, however much somebody is in a hurry */
#define START_MS 200
#define LOST_MS 500 /* a PBX that restarts first closes, then opens */
#define DIAL_MS 100       /* how often to look whether a connection that is dialed stands */
#define DIAL_PATIENCE_MS 2000
#define ID_BITS 80

struct _PbxProbe {
  SipFlow *way;
  SipFlow *connection; /* NULL: none known */
  PbxProbeFunc func;
  gpointer user_data;
  SipTransaction *transaction;
  Deadline *timer; /* until the next one, or until this one has failed */
  gint64 sent;
  gint64 dialing; /* since when the way is being dialed; 0: it is not */
  guint32 cseq;
  gchar *call_id;
};

static void on_timer (gpointer user_data);

static void
plan (PbxProbe *probe, guint ms)
{
  deadline_clear (&probe->timer);
  probe->timer = deadline_new (ms, on_timer, probe);
}

static void
plan_soon (PbxProbe *probe, guint ms)
{
  gint64 gap =
      (probe->sent + GAP_MS * G_TIME_SPAN_MILLISECOND - clock_now ()) / G_TIME_SPAN_MILLISECOND;

  plan (probe, MAX (ms, (guint) CLAMP (gap, 0, GAP_MS)));
}

static void
on_connection_closed (SipFlow *connection, gpointer user_data)
{
  PbxProbe *probe = user_data;

  g_clear_pointer (&probe->connection, sip_flow_unref);
  counters_inc (COUNTER_PBX_CONNECTIONS_LOST);
  if (!probe->transaction)
    plan_soon (probe, LOST_MS + clock_jitter (LOST_MS / 4));
  probe->func (PBX_PROBE_LOST, "the PBX closed the connection", probe->user_data);
}

static void
take_connection (PbxProbe *probe)
{
  SipFlow *connection = sip_transaction_connection (probe->transaction);

  if (connection == probe->connection) {
    g_clear_pointer (&connection, sip_flow_unref);
    return;
  }
  if (probe->connection)
    sip_flow_unwatch (probe->connection, on_connection_closed, probe);
  g_clear_pointer (&probe->connection, sip_flow_unref);
  probe->connection = connection;
  if (connection)
    sip_flow_watch (connection, on_connection_closed, probe);
}

static void
answered (PbxProbe *probe)
{
  plan (probe, INTERVAL_MS * 5 / 6 + clock_jitter (INTERVAL_MS / 3));
  probe->func (PBX_PROBE_ANSWERED, NULL, probe->user_data);
}

static void
failed (PbxProbe *probe, const gchar *why)
{
  counters_inc (COUNTER_PBX_PROBES_FAILED);
  plan (probe, INTERVAL_DOWN_MS + clock_jitter (INTERVAL_DOWN_MS / 2));
  probe->func (PBX_PROBE_FAILED, why, probe->user_data);
}

static void
on_response (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  PbxProbe *probe = user_data;

  if (status < 200)
    return;
  if (response)
    take_connection (probe);
  g_clear_pointer (&probe->transaction, sip_transaction_free);
  if (response)
    answered (probe);
  else
    failed (probe, status == 408 ? "no answer" : "connection refused or network unreachable");
}

static msg_t *
make_options (PbxProbe *probe)
{
  SipListener *listener = sip_flow_listener (probe->way);
  msg_t *msg = nta_msg_create (listener->agent, 0);
  su_home_t *home = msg_home (msg);
  g_autofree gchar *us = sip_listener_uri (listener, NULL);
  g_autofree gchar *target = g_strconcat ("sip:", sip_flow_address (probe->way), NULL);
  g_autofree gchar *tag = token_random (ID_BITS);
  g_autofree gchar *from = g_strdup_printf ("From: <%s>;tag=%s", us, tag);
  g_autofree gchar *to = g_strdup_printf ("To: <%s>", target);
  g_autofree gchar *contact = g_strdup_printf ("Contact: <%s>", us);

  sip_add_tl (msg, sip_object (msg),
              SIPTAG_REQUEST (
                  sip_request_create (home, SIP_METHOD_OPTIONS, URL_STRING_MAKE (target), NULL)),
              SIPTAG_CSEQ (sip_cseq_create (home, ++probe->cseq, SIP_METHOD_OPTIONS)),
              SIPTAG_CALL_ID_STR (probe->call_id), SIPTAG_MAX_FORWARDS_STR ("70"), TAG_END ());
  sip_headers_add (msg, from);
  sip_headers_add (msg, to);
  sip_headers_add (msg, contact);
  if (nta_msg_complete (msg) < 0) {
    msg_destroy (msg);
    return NULL;
  }
  return msg;
}

static void
send_probe (PbxProbe *probe)
{
  msg_t *msg = make_options (probe);

  probe->sent = clock_now ();
  counters_inc (COUNTER_PBX_PROBES_SENT);
  if (msg)
    probe->transaction = sip_transaction_send (probe->way, msg, on_response, probe);
  if (probe->transaction)
    plan (probe, PATIENCE_MS);
  else
    failed (probe, "cannot send");
}

/* A way by TLS is dialed when somebody asks for it: that takes a moment, and is no failure yet. */
static gboolean
wait_for_way (PbxProbe *probe)
{
  if (sip_flow_can_send (probe->way)) {
    probe->dialing = 0;
    return FALSE;
  }
  if (!probe->dialing)
    probe->dialing = clock_now ();
  if (clock_now () - probe->dialing > DIAL_PATIENCE_MS * G_TIME_SPAN_MILLISECOND)
    probe->func (PBX_PROBE_FAILED, "the connection is not up", probe->user_data);
  plan (probe, DIAL_MS);
  return TRUE;
}

static void
on_timer (gpointer user_data)
{
  PbxProbe *probe = user_data;

  probe->timer = NULL;
  if (!probe->transaction) {
    if (!wait_for_way (probe))
      send_probe (probe);
    return;
  }
  g_clear_pointer (&probe->transaction, sip_transaction_free);
  /* Whoever is behind this connection has forgotten it; a new one may get through. */
  if (probe->connection) {
    g_autoptr (SipFlow) dead = sip_flow_ref (probe->connection);

    sip_flow_shut (dead);
  }
  failed (probe, "no answer");
}

/**
 * pbx_probe_new:
 * @way: a way to the PBX
 * @func: told what came of each probe
 * @user_data: for @func
 *
 * Returns: (transfer full): a probe that begins soon
 */
PbxProbe *
pbx_probe_new (SipFlow *way, PbxProbeFunc func, gpointer user_data)
{
  PbxProbe *probe = g_new0 (PbxProbe, 1);

  probe->way = sip_flow_ref (way);
  probe->func = func;
  probe->user_data = user_data;
  probe->call_id = token_random (ID_BITS);
  probe->sent = clock_now () - GAP_MS * G_TIME_SPAN_MILLISECOND;
  plan (probe, clock_jitter (START_MS));
  return probe;
}

/**
 * pbx_probe_free:
 * @probe: (transfer full): a probe
 */
void
pbx_probe_free (PbxProbe *probe)
{
  deadline_clear (&probe->timer);
  g_clear_pointer (&probe->transaction, sip_transaction_free);
  if (probe->connection)
    sip_flow_unwatch (probe->connection, on_connection_closed, probe);
  g_clear_pointer (&probe->connection, sip_flow_unref);
  sip_flow_unref (probe->way);
  g_free (probe->call_id);
  g_free (probe);
}

/**
 * pbx_probe_hurry:
 * @probe: a probe
 *
 * Asks at once, unless it is asking already or did so within the last second.
 */
void
pbx_probe_hurry (PbxProbe *probe)
{
  if (!probe->transaction)
    plan_soon (probe, 0);
}
