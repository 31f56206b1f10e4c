/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-limits: how many pushes a service and a device get at most.
 *
 * push-service asks before each push. Services punish those who push too much, and a PBX that calls
 * a phone in a loop must not empty its battery. Each limit is a bucket that fills evenly.
 */
#include "push/push-limits.h"

#include "base/clock.h"

#define SECOND ((gdouble) CLOCK_SECOND)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define SWEEP_DEVICES 65536 /* from then on those that have been quiet are forgotten, each minute */
#define MAX_DEVICES 1048576 /* not quiet: of a million phones some hundred thousand, as each silent
                             * push is remembered for a third of an hour */

typedef struct {
  gdouble level;
  gint64 since;
} Bucket;

typedef struct {
  Bucket pushes;
  Bucket silent;
} Device;

struct _PushLimits {
  PushLimitsOptions options;
  Bucket service;
  GHashTable *devices; /* binding or token to Device */
  gint64 swept;
};

static void
fill (Bucket *bucket, guint size, gdouble period, gint64 now)
{
  bucket->level = MIN (size, bucket->level + (now - bucket->since) * size / period);
  bucket->since = now;
}

/* @wait: the seconds until it is no longer */
static gboolean
is_empty (Bucket *bucket, guint size, gdouble period, gint64 now, guint *wait)
{
  fill (bucket, size, period, now);
  if (bucket->level >= 1)
    return FALSE;
  *wait = size ? (guint) ((1 - bucket->level) * period / size / SECOND) + 1 : G_MAXUINT;
  return TRUE;
}

static gboolean
is_quiet (gpointer key, gpointer value, gpointer user_data)
{
  const PushLimits *limits = user_data;
  Device *device = value;
  gint64 now = clock_now ();

  fill (&device->pushes, limits->options.per_minute, MINUTE, now);
  fill (&device->silent, limits->options.silent_per_hour, HOUR, now);
  return device->pushes.level >= limits->options.per_minute &&
         device->silent.level >= limits->options.silent_per_hour;
}

static Device *
find_device (PushLimits *limits, const gchar *name, gint64 now)
{
  Device *device = g_hash_table_lookup (limits->devices, name);

  if (device)
    return device;
  if (g_hash_table_size (limits->devices) >= SWEEP_DEVICES && now - limits->swept >= MINUTE) {
    g_hash_table_foreach_remove (limits->devices, is_quiet, limits);
    limits->swept = now;
  }
  if (g_hash_table_size (limits->devices) >= MAX_DEVICES)
    return NULL;
  device = g_new0 (Device, 1);
  device->pushes = (Bucket){ limits->options.per_minute, now };
  device->silent = (Bucket){ limits->options.silent_per_hour, now };
  g_hash_table_insert (limits->devices, g_strdup (name), device);
  return device;
}

static const gchar *
device_name (const PushRequest *request)
{
  return request->binding ? request->binding : request->prid;
}

/**
 * push_limits_take:
 * @limits: the limits
 * @request: a push that is about to be sent
 * @wait: (out): where it must not be sent, the seconds after which it may be, or 0: not known
 *
 * Returns: (transfer none) (nullable): NULL, and the push is counted, or why it must not be sent
 */
const gchar *
push_limits_take (PushLimits *limits, const PushRequest *request, guint *wait)
{
  const PushLimitsOptions *options = &limits->options;
  const gchar *name = device_name (request);
  gint64 now = clock_now ();
  Device *device = name ? find_device (limits, name, now) : NULL;
  gboolean is_silent = device && request->kind == PUSH_KIND_REFRESH;

  *wait = 0;
  if (name && !device)
    return "too many devices are pushed to";
  if (is_silent && is_empty (&device->silent, options->silent_per_hour, HOUR, now, wait))
    return "the device had its silent pushes for this hour";
  if (device && is_empty (&device->pushes, options->per_minute, MINUTE, now, wait))
    return "the device had its pushes for this minute";
  if (is_empty (&limits->service, options->per_second, SECOND, now, wait))
    return "the service had its pushes for this second";
  limits->service.level--;
  if (device)
    device->pushes.level--;
  if (is_silent)
    device->silent.level--;
  return NULL;
}

/**
 * push_limits_give_back:
 * @limits: the limits
 * @request: a push that was counted and has not reached its service
 *
 * It is not one of the few silent pushes that the device gets in an hour.
 */
void
push_limits_give_back (PushLimits *limits, const PushRequest *request)
{
  const gchar *name = device_name (request);
  Device *device = name ? g_hash_table_lookup (limits->devices, name) : NULL;

  if (device && request->kind == PUSH_KIND_REFRESH)
    device->silent.level = MIN (device->silent.level + 1, limits->options.silent_per_hour);
}

/**
 * push_limits_new:
 * @options: the limits
 *
 * Returns: (transfer full): them, nothing taken yet
 */
PushLimits *
push_limits_new (const PushLimitsOptions *options)
{
  PushLimits *limits = g_new0 (PushLimits, 1);

  limits->options = *options;
  limits->service = (Bucket){ options->per_second, clock_now () };
  limits->devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return limits;
}

/**
 * push_limits_free:
 * @limits: (nullable) (transfer full): limits
 */
void
push_limits_free (PushLimits *limits)
{
  if (!limits)
    return;
  g_hash_table_unref (limits->devices);
  g_free (limits);
}
