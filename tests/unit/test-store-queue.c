/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store-queue.h"

#include <glib.h>

static gboolean
never_applied (StoreDb *db, gconstpointer value, GError **error)
{
  g_assert_not_reached ();
}

static StoreJob *
job (const gchar *key, const gchar *value)
{
  return store_job_new (key, never_applied, g_strdup (value), g_free);
}

static void
put (StoreQueue *queue, const gchar *key, const gchar *value)
{
  g_assert_true (store_queue_put (queue, job (key, value)));
}

static void
put_lazily (StoreQueue *queue, const gchar *key, const gchar *value)
{
  g_assert_true (store_queue_put_lazily (queue, job (key, value)));
}

static gchar *
batch_text (GPtrArray *batch)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < batch->len; i++) {
    StoreJob *each = batch->pdata[i];

    g_string_append_printf (text, "%s%s=%s%s", i ? " " : "", each->key, (gchar *) each->value,
                            each->lazy ? "?" : "");
  }
  return g_string_free (text, FALSE);
}

static GPtrArray *
take (StoreQueue *queue, guint max, const gchar *expected)
{
  GPtrArray *batch = store_queue_take (queue, max, TRUE);
  g_autofree gchar *text = batch_text (batch);

  g_assert_cmpstr (text, ==, expected);
  return batch;
}

static void
done (GPtrArray *batch)
{
  g_ptr_array_set_free_func (batch, (GDestroyNotify) store_job_free);
  g_ptr_array_unref (batch);
}

static void
failed (StoreQueue *queue, GPtrArray *batch)
{
  store_queue_give_back (queue, batch);
  done (batch);
}

static void
test_coalesces (void)
{
  g_autoptr (StoreQueue) queue = store_queue_new (10, 10);

  put_lazily (queue, "a", "1");
  put_lazily (queue, "b", "1");
  put_lazily (queue, "a", "2");
  done (take (queue, 10, "b=1? a=2?"));
  done (take (queue, 10, ""));
  g_assert_cmpint (store_queue_lazy_since (queue), ==, 0);
}

static void
test_order_per_key (void)
{
  g_autoptr (StoreQueue) queue = store_queue_new (10, 10);

  put_lazily (queue, "a", "1");
  put (queue, "a", "2");
  put_lazily (queue, "a", "3");
  put (queue, "b", "1");
  put (queue, "a", "4");
  put_lazily (queue, "b", "2");
  done (take (queue, 10, "a=2 b=1 a=4 b=2?"));
}

/* Lazy rows come behind every durable one, even when that fills several batches. */
static void
test_lazy_waits_for_durable (void)
{
  g_autoptr (StoreQueue) queue = store_queue_new (10, 10);

  put (queue, "a", "1");
  put (queue, "b", "1");
  put (queue, "c", "1");
  put_lazily (queue, "c", "2");
  done (take (queue, 2, "a=1 b=1"));
  done (take (queue, 2, "c=1 c=2?"));
}

static void
test_failure_keeps_lazy (void)
{
  g_autoptr (StoreQueue) queue = store_queue_new (10, 10);

  put_lazily (queue, "a", "1");
  put_lazily (queue, "b", "1");
  failed (queue, take (queue, 10, "a=1? b=1?"));
  put_lazily (queue, "b", "2");
  done (take (queue, 10, "a=1? b=2?"));
}

static void
test_failure_keeps_superseded (void)
{
  g_autoptr (StoreQueue) queue = store_queue_new (10, 10);

  put_lazily (queue, "a", "1");
  put (queue, "a", "2");
  failed (queue, take (queue, 10, "a=2"));
  done (take (queue, 10, "a=1?"));

  put_lazily (queue, "a", "1");
  put (queue, "a", "2");
  done (take (queue, 10, "a=2"));
  done (take (queue, 10, ""));
}

/* What comes back from a failed commit must not overtake what was put meanwhile. */
static void
test_failure_does_not_overtake (void)
{
  g_autoptr (StoreQueue) queue = store_queue_new (10, 10);
  GPtrArray *batch;

  put_lazily (queue, "a", "1");
  put_lazily (queue, "b", "1");
  batch = take (queue, 10, "a=1? b=1?");
  put_lazily (queue, "a", "2");
  put (queue, "b", "2");
  failed (queue, batch);
  failed (queue, take (queue, 1, "b=2"));
  done (take (queue, 10, "a=2? b=1?"));
}

static void
test_bounds (void)
{
  g_autoptr (StoreQueue) queue = store_queue_new (1, 1);
  g_autoptr (StoreJob) refused = job ("b", "1");

  put (queue, "a", "1");
  g_assert_false (store_queue_put (queue, refused));
  put_lazily (queue, "c", "1");
  g_assert_false (store_queue_put_lazily (queue, job ("d", "1")));
  put_lazily (queue, "c", "2");
  done (take (queue, 10, "a=1 c=2?"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-queue/coalesces", test_coalesces);
  g_test_add_func ("/store-queue/order-per-key", test_order_per_key);
  g_test_add_func ("/store-queue/lazy-waits-for-durable", test_lazy_waits_for_durable);
  g_test_add_func ("/store-queue/failure-keeps-lazy", test_failure_keeps_lazy);
  g_test_add_func ("/store-queue/failure-keeps-superseded", test_failure_keeps_superseded);
  g_test_add_func ("/store-queue/failure-does-not-overtake", test_failure_does_not_overtake);
  g_test_add_func ("/store-queue/bounds", test_bounds);
  return g_test_run ();
}
