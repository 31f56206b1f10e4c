/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * admission: whether a phone's REGISTER is acted upon at all: by a way that can do what it asks for
 * (RFC 5626 6), in order (RFC 3261 10.3), long enough to push in (RFC 8599 5.3), within the limits,
 * and from nobody who failed too often.
 *
 * The registrar asks it before the PBX hears anything, and tells it what the PBX said.
 */
#include "registrar/admission.h"

#include "base/counters.h"
#include "base/log.h"
#include "proto/aor.h"
#include "registrar/offenders.h"
#include "registrar/order.h"
#include "registrar/origin.h"
#include "registrar/tally.h"
#include "sip/sip-map.h"

#include <string.h>

#define OFFENCES 4
#define OFFENCE_SECONDS 600
#define LEAST_SECONDS 240 /* a push goes out 120 s before the end, and must be answered */
#define FULL_SECONDS 300  /* when one may ask again */
#define GUESS_SECONDS 2   /* likewise, where only the PBX's verdict on others is waited for */

struct _Admission {
  Location *location;
  Offenders *offenders;
  Order *order;
  AdmissionOptions options;
  gchar **proxies; /* nullable */
  Tally *coming_of;   /* keys of records: new phones of which nobody knows yet whether they may */
  Tally *coming_from; /* addresses: the same */
  Tally *guesses;     /* keys of records: credentials on which the PBX's verdict is out */
  guint coming;
};

/**
 * admission_new:
 * @location: the location service
 * @options: the limits
 *
 * Returns: (transfer full): what knows no offenders yet
 */
Admission *
admission_new (Location *location, const AdmissionOptions *options)
{
  Admission *admission = g_new0 (Admission, 1);

  admission->location = g_object_ref (location);
  admission->offenders = offenders_new (OFFENCES, OFFENCE_SECONDS);
  admission->order = order_new (location);
  admission->coming_of = tally_new ();
  admission->coming_from = tally_new ();
  admission->guesses = tally_new ();
  admission_set_options (admission, options);
  return admission;
}

/**
 * admission_free:
 * @admission: (transfer full): it
 */
void
admission_free (Admission *admission)
{
  offenders_free (admission->offenders);
  order_free (admission->order);
  tally_free (admission->coming_of);
  tally_free (admission->coming_from);
  tally_free (admission->guesses);
  g_object_unref (admission->location);
  g_strfreev (admission->proxies);
  g_free (admission);
}

/**
 * admission_set_options:
 * @admission: it
 * @options: new limits; phones beyond them that are registered already stay
 */
void
admission_set_options (Admission *admission, const AdmissionOptions *options)
{
  admission->options = *options;
  g_strfreev (admission->proxies);
  admission->proxies = g_strdupv ((gchar **) options->proxies);
}

/* @min_expires, @retry_after: in seconds, 0: not said */
static void
refuse (const Registration *registration, guint status, const gchar *phrase, gint64 min_expires,
        guint retry_after)
{
  g_autofree gchar *least = g_strdup_printf ("%" G_GINT64_FORMAT, min_expires);
  g_autofree gchar *later = g_strdup_printf ("%u", retry_after);

  counters_inc (COUNTER_REQUESTS_REFUSED);
  log_info (LOG_NONE, "REGISTER from %s refused: %u %s",
            sip_flow_address (sip_request_flow (registration->request)), status,
            phrase ? phrase : sip_map_phrase (status));
  sip_request_reply (registration->request, status, phrase,
                     TAG_IF (min_expires, SIPTAG_MIN_EXPIRES_STR (least)),
                     TAG_IF (retry_after, SIPTAG_RETRY_AFTER_STR (later)), TAG_END ());
}

static const gchar *const *
proxies_of (const Admission *admission)
{
  return (const gchar *const *) admission->proxies;
}

/* ---- certificates ---- */

static gboolean
is_named_by (const Registration *registration, const gchar *name)
{
  const gchar *at = strrchr (name, '@');
  g_autofree gchar *user = at ? g_strndup (name, (gsize) (at - name)) : NULL;
  g_autofree gchar *aor = aor_new (user, at ? at + 1 : name);
  g_autofree gchar *key = record_key (registration->pbx, aor);

  return pbx_serves (registration->pbx, at ? at + 1 : name) &&
         (!at || g_str_equal (key, registration->key));
}

/* Who shows no certificate has been let in without one, and a proxy's names no phone. */
static gboolean
check_names (const Admission *admission, const Registration *registration)
{
  const SipFlow *flow = sip_request_flow (registration->request);
  const gchar *const *names = sip_flow_names (flow);

  if (!names || !sip_flow_listener (flow)->names_bind ||
      origin_is_behind_proxy (registration->request, proxies_of (admission)))
    return TRUE;
  for (gsize i = 0; names[i]; i++)
    if (is_named_by (registration, names[i]))
      return TRUE;
  counters_inc (COUNTER_REGISTERS_MISNAMED);
  refuse (registration, 403, "Certificate Names Somebody Else", 0, 0);
  return FALSE;
}

/* ---- time ---- */

/* With an account the phone is granted more than it asks for, unless the administrator wants it to
 * know better; without one only the phone's next REGISTER renews anything. */
static gint64
least_interval (const Admission *admission, const Account *account)
{
  if (!account)
    return LEAST_SECONDS;
  return admission->options.refuse_brief ? admission->options.binding_expires : 0;
}

static gboolean
is_too_brief (const Registration *registration, gint64 least)
{
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (entry->push->kind == PN_PUSH && entry->asked > 0 && entry->asked < least)
      return TRUE;
  }
  return FALSE;
}

/* ---- number ---- */

static guint
count_new (Admission *admission, const Registration *registration)
{
  guint count = 0;

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (entry->asked > 0 && !location_find_token (admission->location, entry->token))
      count++;
  }
  return count;
}

static void
count_coming (Admission *admission, const Registration *registration, gint delta)
{
  tally_add (admission->coming_of, registration->key, delta);
  tally_add (admission->coming_from, registration->source, delta);
  admission->coming += (guint) delta;
}

/* Only phones that come anew are too many; who is registered stays so. Those that wait for the PBX
 * count, or many that come at once would pass. */
static gboolean
check_limits (Admission *admission, Registration *registration)
{
  const AdmissionOptions *options = &admission->options;
  guint more = count_new (admission, registration);
  const Record *record;

  if (more == 0)
    return TRUE;
  record = location_record (admission->location, registration->key);
  registration->coming = more;
  count_coming (admission, registration, (gint) more);
  if ((record ? record->bindings->len : 0) +
        tally_count (admission->coming_of, registration->key) > options->per_aor)
    refuse (registration, 403, "Too Many Phones Of This User", 0, 0);
  else if (location_count_source (admission->location, registration->source) +
             tally_count (admission->coming_from, registration->source) > options->per_source)
    refuse (registration, 403, "Too Many Phones Behind This Address", 0, 0);
  else if (location_count (admission->location) + admission->coming > options->total)
    refuse (registration, 503, "Too Many Phones", 0, FULL_SECONDS);
  else
    return TRUE;
  admission_decided (admission, registration);
  counters_inc (COUNTER_REGISTERS_OVER_LIMIT);
  return FALSE;
}

/**
 * admission_decided:
 * @admission: it
 * @registration: what was let in by admission_check() and waits no more: it is about to be a binding,
 *   or is refused
 */
void
admission_decided (Admission *admission, Registration *registration)
{
  order_leave (admission->order, registration);
  if (registration->coming)
    count_coming (admission, registration, -(gint) registration->coming);
  if (registration->guesses)
    tally_add (admission->guesses, registration->key, -1);
  registration->coming = 0;
  registration->guesses = FALSE;
}

/* ---- offenders ---- */

static gboolean
is_where_it_was (const Admission *admission, const Registration *registration)
{
  return location_find_flow (admission->location, registration->pbx, registration->aor,
                             sip_request_flow (registration->request)) != NULL;
}

static gboolean
has_secret_name (const Admission *admission, const Registration *registration)
{
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);
    const Binding *binding = location_find_token (admission->location, entry->token);

    if (entry->push->kind == PN_PUSH && binding && binding_has_push (binding))
      return TRUE;
  }
  return FALSE;
}

/* Somebody else's failures do not shut out a phone that is registered from where it always was; nor
 * do those of others behind its address a phone that was woken, which a scanner cannot name. */
static guint
blocked_for (Admission *admission, const Registration *registration)
{
  g_autofree gchar *offender = origin_offender (registration->request, proxies_of (admission));
  guint source = offenders_blocked (admission->offenders, offender);
  guint user = offenders_blocked (admission->offenders, registration->key);

  if ((source || user) && is_where_it_was (admission, registration))
    return 0;
  return source && has_secret_name (admission, registration) ? user : MAX (source, user);
}

static gboolean
check_offender (Admission *admission, const Registration *registration)
{
  guint seconds = blocked_for (admission, registration);

  if (seconds == 0)
    return TRUE;
  counters_inc (COUNTER_OFFENDERS_REFUSED);
  refuse (registration, 403, "Too Many Failed Authentications", 0, seconds);
  return FALSE;
}

/* What the PBX has not judged yet may be wrong, too: many at once would all reach it before the
 * first failure is known. A user's phones, of which each may be right, come at once as well. */
static gboolean
check_guesses (Admission *admission, Registration *registration)
{
  const sip_t *sip = sip_request_sip (registration->request);
  const Record *record;
  guint room;

  if ((!sip->sip_authorization && !sip->sip_proxy_authorization) ||
      is_where_it_was (admission, registration))
    return TRUE;
  record = location_record (admission->location, registration->key);
  room = OFFENCES + (record ? record->bindings->len : 0);
  if (offenders_failures (admission->offenders, registration->key) +
        tally_count (admission->guesses, registration->key) >= room) {
    counters_inc (COUNTER_OFFENDERS_REFUSED);
    refuse (registration, 503, "Too Many Authentications At Once", 0, GUESS_SECONDS);
    return FALSE;
  }
  tally_add (admission->guesses, registration->key, 1);
  registration->guesses = TRUE;
  return TRUE;
}

/**
 * admission_check:
 * @admission: it
 * @registration: what a phone asks
 * @account: (nullable): its account, when that can be used
 *
 * Returns: whether to go on, until admission_decided(); otherwise the request is answered
 */
gboolean
admission_check (Admission *admission, Registration *registration, const Account *account)
{
  gint64 least = least_interval (admission, account);

  registration->source = origin_address (registration->request, proxies_of (admission));
  if (!check_names (admission, registration))
    return FALSE;
  if (registration->lacks_hop) {
    refuse (registration, 439, "First Hop Lacks Outbound Support", 0, 0);
    return FALSE;
  }
  if (!order_is_kept (admission->order, registration)) {
    refuse (registration, 500, ADMISSION_OUT_OF_ORDER, 0, 0);
    return FALSE;
  }
  if (is_too_brief (registration, least)) {
    refuse (registration, 423, NULL, least, 0);
    return FALSE;
  }
  if (!check_offender (admission, registration) || !check_limits (admission, registration))
    return FALSE;
  if (!account && !check_guesses (admission, registration)) {
    admission_decided (admission, registration);
    return FALSE;
  }
  order_await (admission->order, registration);
  return TRUE;
}

/**
 * admission_settles:
 * @admission: it
 * @registration: what is granted
 *
 * Returns: whether it takes effect; not when the phone has sent a newer one that did
 */
gboolean
admission_settles (Admission *admission, Registration *registration)
{
  if (!order_is_kept (admission->order, registration))
    return FALSE;
  order_overtake (admission->order, registration);
  return TRUE;
}

/**
 * admission_admits:
 * @admission: it
 * @invite: a phone's call
 *
 * Returns: whether its sender is heard; otherwise it is answered
 */
gboolean
admission_admits (Admission *admission, SipRequest *invite)
{
  g_autofree gchar *offender = origin_offender (invite, proxies_of (admission));
  guint seconds = offenders_blocked (admission->offenders, offender);
  g_autofree gchar *after = g_strdup_printf ("%u", seconds);

  if (seconds == 0)
    return TRUE;
  counters_inc (COUNTER_OFFENDERS_REFUSED);
  counters_inc (COUNTER_REQUESTS_REFUSED);
  log_info (LOG_NONE, "INVITE from %s refused: 403 Too Many Failed Authentications",
            sip_flow_address (sip_request_flow (invite)));
  sip_request_reply (invite, 403, "Too Many Failed Authentications",
                     SIPTAG_RETRY_AFTER_STR (after), TAG_END ());
  return FALSE;
}

/**
 * admission_failed_call:
 * @admission: it
 * @invite: whose sender gave a wrong password
 */
void
admission_failed_call (Admission *admission, SipRequest *invite)
{
  g_autofree gchar *offender = origin_offender (invite, proxies_of (admission));

  offenders_note (admission->offenders, offender);
}

/**
 * admission_failed:
 * @admission: it
 * @registration: whose sender gave a wrong password
 */
void
admission_failed (Admission *admission, const Registration *registration)
{
  g_autofree gchar *offender = origin_offender (registration->request, proxies_of (admission));

  offenders_note (admission->offenders, offender);
  offenders_note (admission->offenders, registration->key);
}

/**
 * admission_proved:
 * @admission: it
 * @registration: whose sender has proved himself
 */
void
admission_proved (Admission *admission, const Registration *registration)
{
  g_autofree gchar *offender = origin_offender (registration->request, proxies_of (admission));

  offenders_forgive (admission->offenders, offender);
  offenders_forgive (admission->offenders, registration->key);
}

/* A challenge to credentials that are not just old is a wrong password; and a user whom the PBX does
 * not know is guessed, which its guard counts likewise. */
static gboolean
is_offence (const Registration *registration, guint status, const sip_t *response)
{
  const sip_t *sip = sip_request_sip (registration->request);
  g_autoptr (GPtrArray) challenges = NULL;

  if (status == 403 || status == 404)
    return TRUE;
  if ((status != 401 && status != 407) ||
      (!sip->sip_authorization && !sip->sip_proxy_authorization))
    return FALSE;
  if (registration->sendings > 1) /* another server has nonces of its own */
    return FALSE;
  challenges = sip_digest_challenges (response);
  for (guint i = 0; i < challenges->len; i++)
    if (((const DigestChallenge *) g_ptr_array_index (challenges, i))->stale)
      return FALSE;
  return TRUE;
}

static void
tell_waiting (Admission *admission, const Registration *registration, const sip_status_t *status)
{
  g_autofree gchar *why = g_strdup_printf ("%d %s", status->st_status, status->st_phrase);

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    location_rejected (admission->location, entry->token, why);
  }
}

/**
 * admission_judge:
 * @admission: it
 * @registration: what a phone asked of the PBX
 * @status: what the PBX answered
 * @response: the PBX's answer
 *
 * Counts for or against the phone; whoever waits for it hears of a no.
 */
void
admission_judge (Admission *admission, const Registration *registration, guint status,
                 const sip_t *response)
{
  gboolean offence = is_offence (registration, status, response);

  if (status < 300)
    admission_proved (admission, registration);
  if (offence)
    admission_failed (admission, registration);
  if (offence || (status >= 300 && status != 401 && status != 407))
    tell_waiting (admission, registration, response->sip_status);
}
