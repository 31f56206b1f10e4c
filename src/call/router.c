/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * router: which room a request outside of a dialog belongs to.
 *
 * From phones: REGISTER to the registrar, calls and all else to the PBX of their domain. From a PBX,
 * and from nobody else on its side: to the phones that the Request-URI or the To stands for.
 */
#include "call/router.h"

#include "base/counters.h"
#include "base/log.h"
#include "call/call-names.h"
#include "call/dialog-map.h"
#include "call/errands.h"
#include "call/ringing.h"
#include "proto/aor.h"
#include "registrar/pbx-list.h"
#include "sip/sip-headers.h"
#include "sip/sip-map.h"

#define METHODS                                                                                    \
  "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, PUBLISH"
#define DRAIN_RETRY "60" /* seconds after which another one may be there in our place */
#define DEFAULT_BREADTH 60 /* RFC 5393 5.3.3.1 */

struct _Router {
  GPtrArray *pbxes;
  Location *location;
  Registrar *registrar;
  PushBucket *bucket;
  CallOptions options;
  GHashTable *medias; /* Pbx -> CallMedia */
  CallMedia *untouched;
  GHashTable *calls;  /* Call */
  Errands *errands;
  Ringing *ringing;
  LateCalls *late;
  CallLog *log;
  gboolean draining;
};

static void
refuse (SipRequest *request, guint status, const gchar *phrase)
{
  counters_inc (COUNTER_REQUESTS_REFUSED);
  log_info (LOG_NONE, "%s from %s refused: %u %s", sip_request_method_name (request),
            sip_flow_address (sip_request_flow (request)), status,
            phrase ? phrase : sip_map_phrase (status));
  sip_request_reply (request, status, phrase, TAG_IF (status == 405, SIPTAG_ALLOW_STR (METHODS)),
                     TAG_END ());
}

static void
on_call_over (Call *call, gpointer user_data)
{
  Router *router = user_data;

  ringing_remove (router->ringing, call);
  g_hash_table_remove (router->calls, call);
}

static Call *
open_call (Router *router, SipRequest *request, CallDirection direction, const Pbx *pbx,
           const gchar *user, guint breadth)
{
  CallMedia *media = g_hash_table_lookup (router->medias, pbx);
  CallOptions options = router->options;
  Call *call;

  options.breadth = breadth;
  options.log = router->log;
  options.late = options.show_late_phones ? router->late : NULL;
  options.media = media ? media : router->untouched;
  call = call_new (request, direction, user, &options, router->bucket, on_call_over, router);
  g_hash_table_add (router->calls, call);
  call_log_open (router->log, call_record (call));
  return call;
}

static gboolean
check_hops (SipRequest *request)
{
  const sip_t *sip = sip_request_sip (request);

  if (!sip->sip_max_forwards || sip->sip_max_forwards->mf_count > 0)
    return TRUE;
  refuse (request, 483, NULL);
  return FALSE;
}

static gboolean
check_draining (Router *router, SipRequest *request)
{
  if (!router->draining)
    return TRUE;
  counters_inc (COUNTER_REQUESTS_REFUSED);
  sip_request_reply (request, SIP_503_SERVICE_UNAVAILABLE, SIPTAG_RETRY_AFTER_STR (DRAIN_RETRY),
                     TAG_END ());
  return FALSE;
}

/* RFC 5393 5.3.1: into how many branches the call may still be split, by us and by others. */
static guint
max_breadth (SipRequest *request)
{
  const gchar *text = sip_headers_unknown (sip_request_sip (request), "Max-Breadth");
  guint64 breadth = DEFAULT_BREADTH;

  if (text && !g_ascii_string_to_unsigned (text, 10, 0, DEFAULT_BREADTH, &breadth, NULL))
    return DEFAULT_BREADTH;
  return (guint) breadth;
}

/* ---- from a PBX ---- */

/* Whom the PBX means: our token, which is one phone, or, as many PBXs write, the extension, in the
 * Request-URI or in To, which is all phones of the user. */
static GPtrArray *
find_phones (Router *router, const Pbx *pbx, const sip_t *sip, gboolean *all)
{
  const url_t *places[] = { sip->sip_request->rq_url, sip->sip_to->a_url };
  GPtrArray *phones = g_ptr_array_new ();

  *all = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (places) && phones->len == 0; i++) {
    const gchar *user = places[i]->url_user;
    g_autofree gchar *aor = user ? aor_new (user, pbx_name (pbx)) : NULL;
    Binding *binding = user ? location_find_token (router->location, user) : NULL;
    Record *record = aor ? location_find_record (router->location, pbx, aor) : NULL;

    if (binding && binding->pbx == pbx) {
      g_ptr_array_add (phones, binding);
      continue;
    }
    if (record) {
      g_ptr_array_extend (phones, record->bindings, NULL, NULL);
      *all = TRUE;
    }
  }
  return phones;
}

static void
call_phones (Router *router, SipRequest *request, GPtrArray *phones, gboolean all)
{
  const Binding *first = g_ptr_array_index (phones, 0);
  g_autofree gchar *user = phones->len == 1 ? g_strdup (first->token) : aor_user (first->aor);
  guint breadth = max_breadth (request);
  gboolean joins = all && breadth == DEFAULT_BREADTH;
  Call *call;

  if (!check_draining (router, request))
    return;
  /* All dialogs of a phone go through us; in the other direction a PBX may know more than we do. */
  if (!dialog_map_knows (sip_request_sip (request), sip_request_listener (request))) {
    refuse (request, 481, NULL);
    return;
  }
  if (phones->len > breadth) {
    refuse (request, 440, NULL);
    return;
  }
  call = open_call (router, request, CALL_TO_PHONE, first->pbx, user, breadth / phones->len);
  if (phones->len == 1 && !joins)
    call_expect_one_phone (call);
  for (guint i = 0; i < phones->len; i++)
    call_ring_phone (call, g_ptr_array_index (phones, i));
  if (joins)
    call_welcome_newcomers (call);
  ringing_add (router->ringing, first, call);
  call_start (call);
}

static void
answer_options (SipRequest *request)
{
  sip_request_reply (request, SIP_200_OK, SIPTAG_ALLOW_STR (METHODS),
                     SIPTAG_ACCEPT_STR ("application/sdp"), TAG_END ());
}

static void
take_from_pbx (Router *router, SipRequest *request)
{
  g_autoptr (GInetAddress) source = sip_request_source (request);
  Pbx *pbx = pbx_find_by_source (router->pbxes, source);
  sip_method_t method = sip_request_method (request);
  g_autoptr (GPtrArray) phones = NULL;
  gboolean all;

  if (!pbx) {
    refuse (request, 403, "Not A PBX Of Ours");
    return;
  }
  if (method == sip_method_options && !sip_request_sip (request)->sip_request->rq_url->url_user) {
    answer_options (request);
    return;
  }
  call_names_translate (router->log, request);
  phones = find_phones (router, pbx, sip_request_sip (request), &all);
  if (phones->len == 0)
    refuse (request, 404, NULL);
  else if (method == sip_method_options)
    answer_options (request); /* in place of the phone, which may sleep */
  else if (method == sip_method_invite)
    call_phones (router, request, phones, all);
  else
    errands_to_phones (router->errands, request, phones);
}

/* ---- from a phone ---- */

static Pbx *
pbx_of_phone (Router *router, const sip_t *sip)
{
  Pbx *pbx = pbx_find_by_domain (router->pbxes, sip->sip_request->rq_url->url_host);

  return pbx ? pbx : pbx_find_by_domain (router->pbxes, sip->sip_from->a_url->url_host);
}

static Binding *
binding_of_phone (Router *router, const Pbx *pbx, SipRequest *request)
{
  const gchar *user = sip_request_sip (request)->sip_from->a_url->url_user;
  g_autofree gchar *aor = user ? aor_new (user, pbx_name (pbx)) : NULL;

  return aor ? location_find_flow (router->location, pbx, aor, sip_request_flow (request)) : NULL;
}

static void
call_pbx (Router *router, SipRequest *request, Pbx *pbx, Binding *binding, const gchar *user)
{
  Credentials *credentials = NULL;
  Call *call;

  if (!check_draining (router, request) ||
      !registrar_admit_call (router->registrar, pbx, request, &credentials))
    return;
  call = open_call (router, request, CALL_TO_PBX, pbx,
                    sip_request_sip (request)->sip_request->rq_url->url_user,
                    max_breadth (request));
  if (credentials)
    call_set_credentials (call, credentials);
  if (binding)
    call_set_reach (call, reach_new (router->bucket, binding));
  call_ring_pbx (call, pbx, user);
  call_start (call);
}

static void
pass_to_pbx (Router *router, SipRequest *request)
{
  const sip_t *sip = sip_request_sip (request);
  Pbx *pbx = pbx_of_phone (router, sip);
  SipFlow *way = pbx ? pbx_way_for (pbx, sip->sip_call_id->i_id) : NULL;
  Binding *binding;
  const gchar *user;

  if (!way) {
    refuse (request, pbx ? 503 : 404, pbx ? pbx_refusal (pbx) : "Unknown Domain");
    return;
  }
  binding = binding_of_phone (router, pbx, request);
  if (!binding && router->options.only_registered) {
    refuse (request, 403, "Register First");
    return;
  }
  call_names_translate (router->log, request);
  /* The PBX knows the phone by our token, where it is registered. */
  user = binding ? binding->token : sip->sip_from->a_url->url_user;
  if (sip_request_method (request) == sip_method_invite) {
    call_pbx (router, request, pbx, binding, user);
    return;
  }
  errands_to_pbx (router->errands, request, binding, way, user);
}

static void
take_from_phone (Router *router, SipRequest *request)
{
  switch (sip_request_method (request)) {
  case sip_method_register:
    registrar_take (router->registrar, request);
    break;
  case sip_method_options:
    /* To nobody in particular: the phone asks whether we are there. */
    if (!sip_request_sip (request)->sip_request->rq_url->url_user)
      answer_options (request);
    else
      pass_to_pbx (router, request);
    break;
  case sip_method_invite:
    if (ringing_is_loop (router->ringing, router->log, router->pbxes, request))
      refuse (request, 482, NULL);
    else
      pass_to_pbx (router, request);
    break;
  default:
    pass_to_pbx (router, request);
    break;
  }
}

static gboolean
lives_in_dialogs (SipRequest *request)
{
  sip_method_t method = sip_request_method (request);

  return method == sip_method_bye || method == sip_method_update || method == sip_method_prack ||
         method == sip_method_info;
}

/**
 * router_take:
 * @router: the router
 * @request: a request outside of our dialogs
 */
void
router_take (Router *router, SipRequest *request)
{
  if (sip_request_sip (request)->sip_to->a_tag || lives_in_dialogs (request)) {
    sip_request_reply (request, SIP_481_NO_TRANSACTION, TAG_END ());
    return;
  }
  if (!check_hops (request))
    return;
  switch (sip_request_listener (request)->side) {
  case SIP_SIDE_PHONES:
    take_from_phone (router, request);
    break;
  case SIP_SIDE_PBX:
    take_from_pbx (router, request);
    break;
  }
}

/**
 * router_n_calls:
 * @router: the router
 *
 * Returns: how many calls there are
 */
guint
router_n_calls (Router *router)
{
  return g_hash_table_size (router->calls);
}

/**
 * router_log:
 * @router: the router
 *
 * Returns: (transfer none): the records of the calls that are and of the last that were
 */
CallLog *
router_log (Router *router)
{
  return router->log;
}

/**
 * router_find_call:
 * @router: the router
 * @id: the id in its record
 *
 * Returns: (transfer none) (nullable): the call, which may be about to end
 */
Call *
router_find_call (Router *router, const gchar *id)
{
  GHashTableIter iter;
  gpointer call;

  g_hash_table_iter_init (&iter, router->calls);
  while (g_hash_table_iter_next (&iter, &call, NULL))
    if (g_str_equal (call_record_id (call_record (call)), id))
      return call;
  return NULL;
}

/**
 * router_drain:
 * @router: the router
 *
 * From now on no new call is taken; those that run go on, and phones still register.
 */
void
router_drain (Router *router)
{
  router->draining = TRUE;
}

/**
 * router_is_draining:
 * @router: the router
 *
 * Returns: whether new calls are refused
 */
gboolean
router_is_draining (const Router *router)
{
  return router->draining;
}

/**
 * router_hang_up_all:
 * @router: the router
 *
 * Ends all calls, as before the daemon stops.
 */
void
router_hang_up_all (Router *router)
{
  GHashTableIter iter;
  gpointer call;

  g_hash_table_iter_init (&iter, router->calls);
  while (g_hash_table_iter_next (&iter, &call, NULL))
    call_hang_up (call, "sipwake stops");
}

/**
 * router_new:
 * @pbxes: (element-type Pbx): all PBXs
 * @location: where phones are looked up
 * @registrar: gets the REGISTERs
 * @bucket: where calls wait for phones
 * @options: how
 *
 * Returns: (transfer full): the router
 */
Router *
router_new (GPtrArray *pbxes, Location *location, Registrar *registrar, PushBucket *bucket,
            const CallOptions *options)
{
  Router *router = g_new0 (Router, 1);

  router->pbxes = g_ptr_array_ref (pbxes);
  router->location = g_object_ref (location);
  router->registrar = registrar;
  router->bucket = bucket;
  router->medias = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) call_media_unref);
  router->untouched = call_media_new (&(CallMediaOptions){ .session.mode = MEDIA_DIRECT });
  router->calls = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) call_free, NULL);
  router->log = call_log_new ();
  router->errands = errands_new (bucket, router->log);
  router_set_options (router, options);
  router->ringing = ringing_new (location);
  router->late = late_calls_new (bucket);
  return router;
}

/**
 * router_free:
 * @router: (transfer full): the router; its calls end
 */
void
router_free (Router *router)
{
  ringing_free (router->ringing);
  g_hash_table_unref (router->calls);
  errands_free (router->errands);
  late_calls_free (router->late);
  g_object_unref (router->log);
  g_hash_table_unref (router->medias);
  call_media_unref (router->untouched);
  g_object_unref (router->location);
  g_ptr_array_unref (router->pbxes);
  g_free (router);
}

/**
 * router_set_options:
 * @router: the router
 * @options: how calls to come wait for phones
 */
void
router_set_options (Router *router, const CallOptions *options)
{
  router->options = *options;
  errands_set_direct_try (router->errands, options->direct_try_ms);
}

/**
 * router_set_media:
 * @router: the router
 * @pbx: a PBX
 * @media: (transfer full): how the media of its calls to come find their way. Without it they are
 *   left to themselves
 */
void
router_set_media (Router *router, const Pbx *pbx, CallMedia *media)
{
  g_hash_table_insert (router->medias, (gpointer) pbx, media);
}
