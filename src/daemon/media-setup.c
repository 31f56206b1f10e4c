/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-setup: the media of each PBX's calls, from the configuration.
 *
 * The daemon creates it before the router and frees it after, since every call looks into it, and
 * applies the configuration at the start and at every reload.
 */
#include "daemon/media-setup.h"

#include "crypto/token.h"

#include <string.h>

#define NG_DEADLINE_MS 1000
#define NG_PROBE_MS 2000
#define NG_MAX_IN_FLIGHT 2048

struct _MediaSetup {
  Rtpengine *rtpengine;
};

static MediaMode
mode_of (SettingsMedia media)
{
  switch (media) {
  case SETTINGS_MEDIA_DIRECT:
    return MEDIA_DIRECT;
  case SETTINGS_MEDIA_ADDRESS:
    return MEDIA_ADDRESS;
  case SETTINGS_MEDIA_RTPENGINE:
    return MEDIA_RTPENGINE;
  }
  return MEDIA_DIRECT;
}

static const MediaTransport *
transport_of (SettingsMediaTransport transport)
{
  static const gchar *const words[] = {
    [SETTINGS_MEDIA_TRANSPORT_RTP] = "rtp",
    [SETTINGS_MEDIA_TRANSPORT_SRTP] = "srtp",
    [SETTINGS_MEDIA_TRANSPORT_WEBRTC] = "webrtc",
  };
  static MediaTransport transports[G_N_ELEMENTS (words)];

  if (transport == SETTINGS_MEDIA_TRANSPORT_AUTO)
    return NULL;
  media_transport_from_string (words[transport], &transports[transport]);
  return &transports[transport];
}

static gchar *
instance_text (const EndpointSettings *endpoint)
{
  gboolean six = strchr (endpoint->host, ':') != NULL;

  return g_strdup_printf (six ? "udp:[%s]:%u" : "udp:%s:%u", endpoint->host, endpoint->port);
}

static gboolean
set_instances (MediaSetup *setup, const Settings *settings, GError **error)
{
  g_autoptr (GPtrArray) instances = g_ptr_array_new_with_free_func (g_free);
  const MediaSettings *group =
    settings->medias->len > 0 ? g_ptr_array_index (settings->medias, 0) : NULL;

  for (guint i = 0; group && i < group->rtpengines->len; i++)
    g_ptr_array_add (instances, instance_text (g_ptr_array_index (group->rtpengines, i)));
  g_ptr_array_add (instances, NULL);
  if (rtpengine_set_instances (setup->rtpengine, (const gchar *const *) instances->pdata, error))
    return TRUE;
  g_prefix_error (error, "[media:%s] ", group->name);
  return FALSE;
}

static GHashTable *
transports_of (GHashTable *users)
{
  GHashTable *transports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer user, how;

  g_hash_table_iter_init (&iter, users);
  while (g_hash_table_iter_next (&iter, &user, &how))
    g_hash_table_insert (transports, g_strdup (user),
                         (gpointer) transport_of ((SettingsMediaTransport) GPOINTER_TO_UINT (how)));
  return transports;
}

static CallMedia *
create_media (MediaSetup *setup, const Settings *settings, const PbxSettings *pbx)
{
  const MediaSettings *relay =
    pbx->media == SETTINGS_MEDIA_RTPENGINE ? g_ptr_array_index (settings->medias, 0) : NULL;
  g_autoptr (GHashTable) users = transports_of (pbx->media_users);
  const CallMediaOptions options = {
    .session = { .mode = mode_of (pbx->media),
                 .address = pbx->media_address,
                 .interfaces = { [MEDIA_PHONE] = relay ? relay->interface_phones : NULL,
                                 [MEDIA_PBX] = relay ? relay->interface_pbx : NULL } },
    .rtpengine = relay ? setup->rtpengine : NULL,
    .phones = transport_of (pbx->media_phones),
    .pbx = transport_of (pbx->media_pbx),
    .users = users,
  };

  return call_media_new (&options);
}

static const PbxSettings *
find_group (const Settings *settings, const Pbx *pbx)
{
  for (guint i = 0; i < settings->pbxes->len; i++) {
    const PbxSettings *group = g_ptr_array_index (settings->pbxes, i);

    if (g_str_equal (group->name, pbx_name (pbx)))
      return group;
  }
  return NULL;
}

/* A PBX that is configured no more runs until the restart, and may need its rtpengine that long. */
static gboolean
has_outlasting (const Settings *settings, GPtrArray *pbxes)
{
  for (guint i = 0; i < pbxes->len; i++)
    if (!find_group (settings, g_ptr_array_index (pbxes, i)))
      return TRUE;
  return FALSE;
}

/**
 * media_setup_new:
 * @key: the daemon's own key
 *
 * Returns: (transfer full): the media of no PBX yet
 */
MediaSetup *
media_setup_new (KeyedHash *key)
{
  MediaSetup *setup = g_new0 (MediaSetup, 1);
  /* The key is this daemon's own and stays, so what is made of it tells its calls from others'. */
  g_autofree gchar *label = token_keyed (key, "rtpengine", NULL);
  const RtpengineOptions options = {
    .label = label,
    .peer = { .deadline_ms = NG_DEADLINE_MS,
              .probe_ms = NG_PROBE_MS,
              .max_in_flight = NG_MAX_IN_FLIGHT },
  };

  setup->rtpengine = rtpengine_new (&options);
  return setup;
}

/**
 * media_setup_free:
 * @setup: (transfer full): the media of PBXs whose calls are all gone
 */
void
media_setup_free (MediaSetup *setup)
{
  rtpengine_free (setup->rtpengine);
  g_free (setup);
}

/**
 * media_setup_rtpengine:
 * @setup: the media of all PBXs
 *
 * Returns: (transfer none): the rtpengines that any of them may use
 */
const Rtpengine *
media_setup_rtpengine (const MediaSetup *setup)
{
  return setup->rtpengine;
}

/**
 * media_setup_apply:
 * @setup: the media of all PBXs
 * @settings: the configuration, at the start or read anew
 * @pbxes: (element-type Pbx): the PBXs; one that is in the configuration no more stays as it is,
 *   with the rtpengines that there were if none is named any more
 * @router: gets to know, for calls to come
 * @error: set where an rtpengine cannot be spoken with; nothing has changed then
 *
 * Returns: whether the media are now as the configuration says
 */
gboolean
media_setup_apply (MediaSetup *setup, const Settings *settings, GPtrArray *pbxes, Router *router,
                   GError **error)
{
  if ((settings->medias->len > 0 || !has_outlasting (settings, pbxes)) &&
      !set_instances (setup, settings, error))
    return FALSE;
  for (guint i = 0; i < pbxes->len; i++) {
    const Pbx *pbx = g_ptr_array_index (pbxes, i);
    const PbxSettings *group = find_group (settings, pbx);

    if (group)
      router_set_media (router, pbx, create_media (setup, settings, group));
  }
  return TRUE;
}
