/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-setup: the media of each PBX's calls, from the configuration.
 *
 * The daemon creates it before the router and frees it after, since every call looks into it.
 */
#include "daemon/media-setup.h"

#include "base/error.h"
#include "crypto/token.h"

#include <string.h>

#define NG_DEADLINE_MS 1000
#define NG_PROBE_MS 2000
#define NG_MAX_IN_FLIGHT 2048

struct _MediaSetup {
  Settings *settings; /* whose texts are in use */
  Rtpengine *rtpengine; /* nullable */
  GPtrArray *medias;    /* CallMedia, in the order of the PBXs */
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
transport_of (SettingsMediaPhones phones)
{
  static const gchar *const words[] = {
    [SETTINGS_MEDIA_PHONES_RTP] = "rtp",
    [SETTINGS_MEDIA_PHONES_SRTP] = "srtp",
    [SETTINGS_MEDIA_PHONES_WEBRTC] = "webrtc",
  };
  static MediaTransport transports[G_N_ELEMENTS (words)];

  if (phones == SETTINGS_MEDIA_PHONES_AUTO)
    return NULL;
  media_transport_from_string (words[phones], &transports[phones]);
  return &transports[phones];
}

static gchar *
instance_text (const EndpointSettings *endpoint)
{
  gboolean six = strchr (endpoint->host, ':') != NULL;

  return g_strdup_printf (six ? "udp:[%s]:%u" : "udp:%s:%u", endpoint->host, endpoint->port);
}

/* The key is this daemon's own and stays, so what is made of it tells its calls from others'. */
static gboolean
create_rtpengine (MediaSetup *setup, const MediaSettings *group, GBytes *key, GError **error)
{
  g_autoptr (GPtrArray) instances = g_ptr_array_new_with_free_func (g_free);
  g_autofree gchar *label = token_keyed (key, "rtpengine", NULL);
  const RtpengineOptions options = {
    .label = label,
    .peer = { .deadline_ms = NG_DEADLINE_MS,
              .probe_ms = NG_PROBE_MS,
              .max_in_flight = NG_MAX_IN_FLIGHT },
  };

  for (guint i = 0; i < group->rtpengines->len; i++)
    g_ptr_array_add (instances, instance_text (g_ptr_array_index (group->rtpengines, i)));
  g_ptr_array_add (instances, NULL);
  setup->rtpengine = rtpengine_new ((const gchar *const *) instances->pdata, &options, error);
  if (!setup->rtpengine)
    g_prefix_error (error, "[media:%s] ", group->name);
  return setup->rtpengine != NULL;
}

/**
 * media_setup_create:
 * @settings: the configuration
 * @key: the daemon's own key
 * @error: set where an rtpengine cannot be spoken with
 *
 * Returns: (transfer full) (nullable): the media of all PBXs
 */
MediaSetup *
media_setup_create (const Settings *settings, GBytes *key, GError **error)
{
  MediaSetup *setup = g_new0 (MediaSetup, 1);

  setup->settings = settings_ref ((Settings *) settings);
  setup->medias = g_ptr_array_new_with_free_func (g_free);
  if (settings->medias->len > 1) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "there is more than one [media:NAME]; one of them can name several rtpengines");
    media_setup_free (setup);
    return NULL;
  }
  if (settings->medias->len == 1 &&
      !create_rtpengine (setup, g_ptr_array_index (settings->medias, 0), key, error)) {
    media_setup_free (setup);
    return NULL;
  }
  for (guint i = 0; i < settings->pbxes->len; i++) {
    const PbxSettings *group = g_ptr_array_index (settings->pbxes, i);
    const MediaSettings *relay =
      group->media == SETTINGS_MEDIA_RTPENGINE ? g_ptr_array_index (settings->medias, 0) : NULL;
    CallMedia *media = g_new0 (CallMedia, 1);

    media->options.mode = mode_of (group->media);
    media->options.address = group->media_address;
    media->options.interfaces[MEDIA_PHONE] = relay ? relay->interface_phones : NULL;
    media->options.interfaces[MEDIA_PBX] = relay ? relay->interface_pbx : NULL;
    media->phones = transport_of (group->media_phones);
    media->rtpengine = relay ? setup->rtpengine : NULL;
    g_ptr_array_add (setup->medias, media);
  }
  return setup;
}

/**
 * media_setup_free:
 * @setup: (transfer full): the media of PBXs whose calls are all gone
 */
void
media_setup_free (MediaSetup *setup)
{
  g_clear_pointer (&setup->rtpengine, rtpengine_free);
  g_ptr_array_unref (setup->medias);
  settings_unref (setup->settings);
  g_free (setup);
}

/**
 * media_setup_apply:
 * @setup: the media of all PBXs
 * @pbxes: (element-type Pbx): these, in the order of the configuration
 * @router: gets to know
 */
void
media_setup_apply (MediaSetup *setup, GPtrArray *pbxes, Router *router)
{
  for (guint i = 0; i < pbxes->len; i++)
    router_set_media (router, g_ptr_array_index (pbxes, i),
                      g_ptr_array_index (setup->medias, i));
}
