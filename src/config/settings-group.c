/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings-group: each kind of group but push, read and checked by itself.
 *
 * settings calls it for every group of every file; what concerns several groups is checked there.
 */
#include "config/settings-group.h"

#include "base/log.h"
#include "config/settings-address.h"
#include "config/settings-edge.h"
#include "proto/address.h"
#include "proto/uri.h"

#include <string.h>

#define MAX_EXPIRES (365 * 24 * 3600)
#define MAX_PHONES 10000000
#define MAX_RTPENGINES 16

static gboolean
read_switch (const ConfigGroup *group, const gchar *key, const gchar *const *words, gboolean *value,
             GError **error)
{
  guint choice = *value ? 1 : 0;

  if (!config_group_choice (group, key, words, &choice, error))
    return FALSE;
  *value = choice == 1;
  return TRUE;
}

/**
 * settings_group_read_daemon:
 * @group: [daemon]
 * @daemon: (inout): what stands there replaces what is in it
 * @error: where an error goes
 *
 * Returns: whether the group is right
 */
gboolean
settings_group_read_daemon (const ConfigGroup *group, DaemonSettings *daemon, GError **error)
{
  static const gchar *const keys[] = { "bus", "state-dir", "log-level", "log-personal-data", NULL };
  static const gchar *const switches[] = { "false", "true", NULL };
  static const gchar *const buses[] = { "system", "session", "none", NULL };
  g_autofree gchar *level = NULL;
  guint bus = daemon->bus;

  if (!config_group_check_keys (group, keys, error) ||
      !config_group_choice (group, "bus", buses, &bus, error) ||
      !config_group_path (group, "state-dir", &daemon->state_dir, error) ||
      !config_group_text (group, "log-level", &level, error) ||
      !read_switch (group, "log-personal-data", switches, &daemon->log_personal_data, error))
    return FALSE;
  daemon->bus = (SettingsBus) bus;
  if (level && !log_level_from_string (level, &daemon->log_level))
    return config_group_fail (group, "log-level", error,
                              "%s is none of error, warning, info, debug", level);
  return TRUE;
}

/**
 * settings_group_read_metrics:
 * @group: [metrics]
 * @metrics: (inout): what stands there replaces what is in it
 * @error: where an error goes
 *
 * Returns: whether the group is right
 */
gboolean
settings_group_read_metrics (const ConfigGroup *group, EndpointSettings *metrics, GError **error)
{
  static const gchar *const keys[] = { "listen", NULL };
  g_autofree gchar *text = NULL;
  g_auto (SettingsAddress) address = { 0 };

  if (!config_group_check_keys (group, keys, error) ||
      !config_group_text (group, "listen", &text, error))
    return FALSE;
  if (!text)
    return TRUE;
  if (!settings_address_read_pair (&address, text, group, "listen", error))
    return FALSE;
  if (address.family == G_SOCKET_FAMILY_INVALID || !address.port)
    return config_group_fail (group, "listen", error, "%s is no ADDRESS:PORT", text);
  g_free (metrics->host);
  metrics->host = g_steal_pointer (&address.host);
  metrics->port = address.port;
  return TRUE;
}

static gboolean
read_repeat (const ConfigGroup *group, guint *repeat, GError **error)
{
  g_auto (GStrv) pieces = NULL;
  guint64 last = 0, seconds;
  gsize n = 0;

  if (!config_group_list (group, "repeat", &pieces, error))
    return FALSE;
  if (!pieces)
    return TRUE;
  memset (repeat, 0, SETTINGS_MAX_REPEAT * sizeof *repeat);
  for (gsize i = 0; pieces[i]; i++) {
    if (!g_ascii_string_to_unsigned (pieces[i], 10, 0, 180, &seconds, NULL) ||
        (i > 0 && seconds <= last) || n == SETTINGS_MAX_REPEAT - 1)
      return config_group_fail (group, "repeat", error,
                                "is no list of at most %d rising seconds such as 0;4;10",
                                SETTINGS_MAX_REPEAT - 1);
    last = seconds;
    if (seconds > 0)
      repeat[n++] = (guint) seconds;
  }
  return TRUE;
}

/**
 * settings_group_read_call:
 * @group: [call]
 * @call: (inout): what stands there replaces what is in it
 * @error: where an error goes
 *
 * Returns: whether the group is right
 */
gboolean
settings_group_read_call (const ConfigGroup *group, CallSettings *call, GError **error)
{
  static const gchar *const keys[] = { "busy", "decline", "failure", "late-phone", "callers", NULL };
  static const gchar *const reactions[] = { "wait", "end", NULL };
  static const gchar *const late[] = { "nothing", "show", NULL };
  static const gchar *const callers[] = { "any", "registered", NULL };

  return config_group_check_keys (group, keys, error) &&
         read_switch (group, "busy", reactions, &call->busy_ends, error) &&
         read_switch (group, "decline", reactions, &call->decline_ends, error) &&
         read_switch (group, "failure", reactions, &call->failure_ends, error) &&
         read_switch (group, "late-phone", late, &call->late_phones_are_shown, error) &&
         read_switch (group, "callers", callers, &call->only_registered_callers, error);
}

/**
 * settings_group_read_wake:
 * @group: [wake]
 * @wake: (inout): what stands there replaces what is in it
 * @error: where an error goes
 *
 * Returns: whether the group is right
 */
gboolean
settings_group_read_wake (const ConfigGroup *group, WakeSettings *wake, GError **error)
{
  static const gchar *const keys[] = { "timeout", "hold-response", "direct-try", "binding-expires",
                                       "repeat",  NULL };
  static const gchar *const responses[] = { "180", "183", "100", NULL };
  static const guint codes[] = { 180, 183, 100 };
  guint response = G_MAXUINT;

  if (!config_group_check_keys (group, keys, error) ||
      !config_group_number (group, "timeout", 1, 180, &wake->timeout, error) ||
      !config_group_choice (group, "hold-response", responses, &response, error) ||
      !config_group_number (group, "direct-try", 0, 30000, &wake->direct_try, error) ||
      !config_group_number (group, "binding-expires", 300, MAX_EXPIRES, &wake->binding_expires,
                            error) ||
      !read_repeat (group, wake->repeat, error))
    return FALSE;
  if (response != G_MAXUINT)
    wake->hold_response = codes[response];
  return TRUE;
}

static gboolean
read_patterns (const ConfigGroup *group, const gchar *key, gchar ***patterns, GError **error)
{
  if (!config_group_list (group, key, patterns, error))
    return FALSE;
  if (!*patterns)
    *patterns = g_new0 (gchar *, 1);
  for (gchar **pattern = *patterns; *pattern; pattern++)
    if (!address_pattern_is_valid (*pattern))
      return config_group_fail (group, key, error,
                                "%s is neither an address nor a network such as 192.0.2.0/24",
                                *pattern);
  return TRUE;
}

/**
 * settings_group_read_registrar:
 * @group: [registrar]
 * @registrar: (inout): what stands there replaces what is in it
 * @error: where an error goes
 *
 * Returns: whether the group is right
 */
gboolean
settings_group_read_registrar (const ConfigGroup *group, RegistrarSettings *registrar,
                               GError **error)
{
  static const gchar *const keys[] = { "phones", "phones-per-user", "phones-per-address",
                                       "brief-intervals", "proxies", NULL };
  static const gchar *const answers[] = { "extend", "refuse", NULL };
  guint answer = registrar->refuse_brief;

  if (!config_group_check_keys (group, keys, error) ||
      !config_group_number (group, "phones", 1, MAX_PHONES, &registrar->phones, error) ||
      !config_group_number (group, "phones-per-user", 1, 1000, &registrar->phones_per_user,
                            error) ||
      !config_group_number (group, "phones-per-address", 1, MAX_PHONES,
                            &registrar->phones_per_address, error) ||
      !read_patterns (group, "proxies", &registrar->proxies, error) ||
      !config_group_choice (group, "brief-intervals", answers, &answer, error))
    return FALSE;
  registrar->refuse_brief = answer == 1;
  return TRUE;
}

static gboolean
read_advertise (const ConfigGroup *group, ListenSettings *listen, GError **error)
{
  g_autofree gchar *text = NULL;
  g_auto (SettingsAddress) address = { 0 };

  if (!config_group_text (group, "advertise", &text, error))
    return FALSE;
  if (!text && settings_address_is_wildcard (listen->host))
    return config_group_fail (group, "advertise", error,
                              "is missing: uri= names every address, and %s must be told which "
                              "one to use",
                              listen->side == SETTINGS_SIDE_PBX ? "the PBX" : "a phone");
  if (text && !settings_address_read_pair (&address, text, group, "advertise", error))
    return FALSE;
  if (text && settings_address_is_wildcard (address.host))
    return config_group_fail (group, "advertise", error, "%s is no address to send to", text);
  listen->advertise_host = g_strdup (text ? address.host : listen->host);
  listen->advertise_port = address.port ? address.port : listen->port;
  return TRUE;
}

/**
 * settings_group_read_listen:
 * @group: [listen:NAME]
 * @name: its name
 * @error: where an error goes
 *
 * Returns: (transfer full): the listener, or %NULL with %SIPWAKE_ERROR_CONFIG
 */
ListenSettings *
settings_group_read_listen (const ConfigGroup *group, const gchar *name, GError **error)
{
  static const gchar *const keys[] = { "side",        "uri",         "advertise",
                                       "certificate", "private-key", "client-ca",
                                       "client-certificate", "client-names", "path",
                                       "origins", NULL };
  static const gchar *const sides[] = { "phones", "pbx", NULL };
  g_autoptr (ListenSettings) listen = g_new0 (ListenSettings, 1);
  g_autofree gchar *uri = NULL;
  g_auto (SettingsAddress) address = { 0 };
  guint side = G_MAXUINT;

  listen->name = g_strdup (name);
  if (!config_group_check_keys (group, keys, error) ||
      !config_group_choice (group, "side", sides, &side, error) ||
      !config_group_text (group, "uri", &uri, error))
    return NULL;
  if (side == G_MAXUINT || !uri) {
    config_group_fail (group, uri ? "side" : "uri", error, "is missing");
    return NULL;
  }
  if (!settings_address_read_uri (&address, uri, group, "uri", error))
    return NULL;
  if (address.family == G_SOCKET_FAMILY_INVALID) {
    config_group_fail (group, "uri", error, "%s is a name; to listen, write the address",
                       address.host);
    return NULL;
  }
  listen->side = (SettingsSide) side;
  listen->transport = address.transport;
  listen->host = g_steal_pointer (&address.host);
  listen->port = address.port ? address.port : settings_address_default_port (address.transport);
  listen->family = address.family;
  if (!read_advertise (group, listen, error) || !settings_edge_read_listen (group, listen, error))
    return NULL;
  return g_steal_pointer (&listen);
}

static gboolean
add_route (const ConfigGroup *group, GPtrArray *routes, const gchar *uri, GError **error)
{
  g_auto (SettingsAddress) address = { 0 };
  RouteSettings *route;

  if (!settings_address_read_uri (&address, uri, group, "route", error))
    return FALSE;
  if (settings_address_is_wildcard (address.host))
    return config_group_fail (group, "route", error, "%s is no address to send to", uri);
  route = g_new0 (RouteSettings, 1);
  route->host = g_steal_pointer (&address.host);
  route->transport = address.transport;
  route->is_numeric = address.family != G_SOCKET_FAMILY_INVALID;
  route->port = address.port;
  if (!route->port && route->is_numeric)
    route->port = settings_address_default_port (route->transport);
  g_ptr_array_add (routes, route);
  return TRUE;
}

/* The ";" separates routes and, inside one, its parameter: a piece that is no URI belongs to the
 * route before it. */
static gboolean
read_routes (const ConfigGroup *group, PbxSettings *pbx, GError **error)
{
  g_auto (GStrv) pieces = NULL;

  pbx->routes = g_ptr_array_new_with_free_func ((GDestroyNotify) route_settings_free);
  if (!config_group_list (group, "route", &pieces, error))
    return FALSE;
  for (gsize i = 0; pieces && pieces[i];) {
    g_autoptr (GString) uri = g_string_new (pieces[i++]);

    while (pieces[i] && g_ascii_strncasecmp (pieces[i], "sip:", 4) &&
           g_ascii_strncasecmp (pieces[i], "sips:", 5))
      g_string_append_printf (uri, ";%s", pieces[i++]);
    if (!add_route (group, pbx->routes, uri->str, error))
      return FALSE;
  }
  if (pbx->routes->len == 0)
    return config_group_fail (group, "route", error, "is missing");
  return TRUE;
}

static gboolean
read_domains (const ConfigGroup *group, PbxSettings *pbx, GError **error)
{
  if (!config_group_list (group, "domains", &pbx->domains, error))
    return FALSE;
  if (!pbx->domains || !*pbx->domains)
    return config_group_fail (group, "domains", error, "is missing");
  for (gchar **domain = pbx->domains; *domain; domain++) {
    gchar *lower = g_ascii_strdown (*domain, -1);

    g_free (*domain);
    *domain = lower;
    if (!uri_host_is_valid (lower))
      return config_group_fail (group, "domains", error, "%s is neither a name nor an address",
                                lower);
  }
  return TRUE;
}

static const gchar *const transports[] = { "auto", "rtp", "srtp", "webrtc", NULL };

static gboolean
read_media_users (const ConfigGroup *group, PbxSettings *pbx, GError **error)
{
  g_auto (GStrv) pairs = NULL;

  pbx->media_users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!config_group_list (group, "media-users", &pairs, error))
    return FALSE;
  for (gsize i = 0; pairs && pairs[i]; i++) {
    const gchar *colon = strrchr (pairs[i], ':');
    gsize size = colon ? (gsize) (colon - pairs[i]) : 0;
    guint transport = 0;

    while (colon && transports[transport] && !g_str_equal (transports[transport], colon + 1))
      transport++;
    if (size == 0 || !transports[transport])
      return config_group_fail (group, "media-users", error,
                                "%s is not USER:HOW, with one of auto, rtp, srtp, webrtc", pairs[i]);
    g_hash_table_insert (pbx->media_users, g_strndup (pairs[i], size), GUINT_TO_POINTER (transport));
  }
  return TRUE;
}

static gboolean
check_media (const ConfigGroup *group, const PbxSettings *pbx, GError **error)
{
  g_autoptr (GInetAddress) address = NULL;

  if (pbx->media != SETTINGS_MEDIA_RTPENGINE && pbx->media_phones != SETTINGS_MEDIA_TRANSPORT_AUTO)
    return config_group_fail (group, "media-phones", error,
                              "has a use with media=rtpengine only");
  if (pbx->media != SETTINGS_MEDIA_RTPENGINE && g_hash_table_size (pbx->media_users) > 0)
    return config_group_fail (group, "media-users", error, "has a use with media=rtpengine only");
  if (pbx->media != SETTINGS_MEDIA_RTPENGINE && pbx->media_pbx != SETTINGS_MEDIA_TRANSPORT_AUTO)
    return config_group_fail (group, "media-pbx", error, "has a use with media=rtpengine only");
  if (pbx->media != SETTINGS_MEDIA_ADDRESS)
    return !pbx->media_address ||
           config_group_fail (group, "media-address", error, "has a use with media=address only");
  if (!pbx->media_address)
    return config_group_fail (group, "media-address", error, "is missing for media=address");
  address = g_inet_address_new_from_string (pbx->media_address);
  if (!address || g_inet_address_get_is_any (address))
    return config_group_fail (group, "media-address", error, "%s is no address",
                              pbx->media_address);
  return TRUE;
}

/**
 * settings_group_read_pbx:
 * @group: [pbx:NAME]
 * @name: its name
 * @error: where an error goes
 *
 * Returns: (transfer full): the PBX, or %NULL with %SIPWAKE_ERROR_CONFIG
 */
PbxSettings *
settings_group_read_pbx (const ConfigGroup *group, const gchar *name, GError **error)
{
  static const gchar *const keys[] = { "domains",     "route", "register-expires", "contacts",
                                       "accept-from", "ca-file", "media", "media-address",
                                       "media-phones", "media-pbx", "media-users", NULL };
  static const gchar *const contacts[] = { "auto", "each", "one", NULL };
  static const gchar *const medias[] = { "direct", "address", "rtpengine", NULL };
  g_autoptr (PbxSettings) pbx = g_new0 (PbxSettings, 1);
  guint contact = SETTINGS_CONTACTS_AUTO, media = SETTINGS_MEDIA_DIRECT;
  guint phone = SETTINGS_MEDIA_TRANSPORT_AUTO, trunk = SETTINGS_MEDIA_TRANSPORT_AUTO;

  pbx->name = g_strdup (name);
  pbx->register_expires = 3600;
  if (!config_group_check_keys (group, keys, error) || !read_domains (group, pbx, error) ||
      !read_routes (group, pbx, error) || !read_patterns (group, "accept-from", &pbx->accept_from, error) ||
      !config_group_number (group, "register-expires", 60, MAX_EXPIRES, &pbx->register_expires,
                            error) ||
      !config_group_path (group, "ca-file", &pbx->ca_file, error) ||
      !config_group_choice (group, "contacts", contacts, &contact, error) ||
      !config_group_choice (group, "media", medias, &media, error) ||
      !config_group_choice (group, "media-phones", transports, &phone, error) ||
      !config_group_choice (group, "media-pbx", transports, &trunk, error) ||
      !config_group_text (group, "media-address", &pbx->media_address, error) ||
      !read_media_users (group, pbx, error))
    return NULL;
  pbx->contacts = (SettingsContacts) contact;
  pbx->media = (SettingsMedia) media;
  pbx->media_phones = (SettingsMediaTransport) phone;
  pbx->media_pbx = (SettingsMediaTransport) trunk;
  return check_media (group, pbx, error) ? g_steal_pointer (&pbx) : NULL;
}

/**
 * settings_group_read_media:
 * @group: [media:NAME]
 * @name: its name
 * @error: where an error goes
 *
 * Returns: (transfer full): the media relays, or %NULL with %SIPWAKE_ERROR_CONFIG
 */
MediaSettings *
settings_group_read_media (const ConfigGroup *group, const gchar *name, GError **error)
{
  static const gchar *const keys[] = { "rtpengine", "interface-phones", "interface-pbx", NULL };
  g_autoptr (MediaSettings) media = g_new0 (MediaSettings, 1);
  g_auto (GStrv) texts = NULL;

  media->name = g_strdup (name);
  media->rtpengines = g_ptr_array_new_with_free_func ((GDestroyNotify) endpoint_settings_free);
  if (!config_group_check_keys (group, keys, error) ||
      !config_group_list (group, "rtpengine", &texts, error) ||
      !config_group_text (group, "interface-phones", &media->interface_phones, error) ||
      !config_group_text (group, "interface-pbx", &media->interface_pbx, error))
    return NULL;
  if (!media->interface_phones != !media->interface_pbx) {
    config_group_fail (group, media->interface_pbx ? "interface-phones" : "interface-pbx", error,
                       "is missing: both sides are named, or none");
    return NULL;
  }
  for (gsize i = 0; texts && texts[i]; i++) {
    g_auto (SettingsAddress) address = { 0 };
    EndpointSettings *endpoint;

    if (!g_str_has_prefix (texts[i], "udp:")) {
      config_group_fail (group, "rtpengine", error, "%s is not udp:HOST:PORT", texts[i]);
      return NULL;
    }
    if (!settings_address_read_pair (&address, texts[i] + strlen ("udp:"), group, "rtpengine",
                                     error))
      return NULL;
    if (address.family == G_SOCKET_FAMILY_INVALID || !address.port) {
      config_group_fail (group, "rtpengine", error, "%s is no numeric address with a port",
                         texts[i]);
      return NULL;
    }
    endpoint = g_new0 (EndpointSettings, 1);
    endpoint->host = g_steal_pointer (&address.host);
    endpoint->port = address.port;
    g_ptr_array_add (media->rtpengines, endpoint);
  }
  if (media->rtpengines->len == 0) {
    config_group_fail (group, "rtpengine", error, "is missing");
    return NULL;
  }
  if (media->rtpengines->len > MAX_RTPENGINES) {
    config_group_fail (group, "rtpengine", error, "names %u, and at most %d are used",
                       media->rtpengines->len, MAX_RTPENGINES);
    return NULL;
  }
  return g_steal_pointer (&media);
}
