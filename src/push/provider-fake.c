/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * provider-fake: a push service in a test's hands.
 *
 * It says what it is told to say, after the delay it is told, or nothing until the deadline; it
 * remembers every request and tells of each by its signal "pushed", in which a test may let its
 * phone wake up.
 */
#include "push/provider-fake.h"

struct _ProviderFake {
  PushProvider parent_instance;

  gchar *name;
  gchar *vapid_key;
  PushOutcome outcome;
  guint delay_ms;
  guint retry_after;
  gboolean silent;
  gboolean final;
  gboolean stopped;
  GPtrArray *requests; /* of PushRequest */
  GHashTable *pending; /* set of Answer */
};

typedef struct {
  ProviderFake *fake;
  PushProviderFunc func;
  gpointer user_data;
  PushOutcome outcome;
  GSource *timer;
  GSource *cancelled;
} Answer;

enum { SIGNAL_PUSHED, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (ProviderFake, provider_fake, PUSH_TYPE_PROVIDER)

static void
give_answer (Answer *answer, PushOutcome outcome)
{
  PushResult *result = push_result_new (outcome, 0, "fake");

  result->retry_after = answer->fake->retry_after;
  result->final = answer->fake->final && outcome == PUSH_ACCEPTED;
  g_hash_table_remove (answer->fake->pending, answer);
  g_source_destroy (answer->timer);
  g_source_unref (answer->timer);
  if (answer->cancelled) {
    g_source_destroy (answer->cancelled);
    g_source_unref (answer->cancelled);
  }
  answer->func (result, answer->user_data);
  g_object_unref (answer->fake);
  g_free (answer);
}

static gboolean
on_time (gpointer user_data)
{
  Answer *answer = user_data;

  give_answer (answer, answer->outcome);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  give_answer (user_data, PUSH_CANCELLED);
  return G_SOURCE_REMOVE;
}

static void
provider_fake_send (PushProvider *provider,
                    const PushRequest *request,
                    guint deadline_ms,
                    GCancellable *cancellable,
                    PushProviderFunc func,
                    gpointer user_data)
{
  ProviderFake *fake = PROVIDER_FAKE (provider);
  Answer *answer = g_new0 (Answer, 1);
  gboolean late = fake->silent || fake->delay_ms > deadline_ms;
  PushRequest *copy = push_request_copy (request);

  answer->fake = g_object_ref (fake);
  answer->func = func;
  answer->user_data = user_data;
  answer->outcome = fake->stopped ? PUSH_CANCELLED : late ? PUSH_TIMED_OUT : fake->outcome;
  answer->timer = g_timeout_source_new (fake->stopped ? 0 : late ? deadline_ms : fake->delay_ms);
  g_source_set_callback (answer->timer, on_time, answer, NULL);
  g_source_attach (answer->timer, g_main_context_get_thread_default ());
  if (cancellable) {
    answer->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (answer->cancelled, G_SOURCE_FUNC (on_cancelled), answer, NULL);
    g_source_attach (answer->cancelled, g_main_context_get_thread_default ());
  }
  g_hash_table_add (fake->pending, answer);
  g_ptr_array_add (fake->requests, copy);
  g_signal_emit (fake, signals[SIGNAL_PUSHED], 0, copy);
}

static const gchar *
provider_fake_name (PushProvider *provider)
{
  return PROVIDER_FAKE (provider)->name;
}

static gboolean
provider_fake_supports (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param)
{
  return g_strcmp0 (PROVIDER_FAKE (provider)->name, pn_provider) == 0;
}

static const gchar *
provider_fake_vapid_key (PushProvider *provider)
{
  return PROVIDER_FAKE (provider)->vapid_key;
}

static void
provider_fake_stop (PushProvider *provider)
{
  ProviderFake *fake = PROVIDER_FAKE (provider);
  g_autoptr (GList) pending = g_hash_table_get_keys (fake->pending);

  fake->stopped = TRUE;
  for (GList *l = pending; l; l = l->next) {
    Answer *answer = l->data;

    answer->outcome = PUSH_CANCELLED;
    g_source_set_ready_time (answer->timer, 0);
  }
}

/**
 * provider_fake_set_outcome:
 * @fake: the provider
 * @outcome: what it says to the pushes from now on
 * @delay_ms: milliseconds after each push; past a push's deadline it says PUSH_TIMED_OUT then
 */
void
provider_fake_set_outcome (ProviderFake *fake, PushOutcome outcome, guint delay_ms)
{
  fake->outcome = outcome;
  fake->delay_ms = delay_ms;
  fake->silent = FALSE;
}

/**
 * provider_fake_set_retry_after:
 * @fake: the provider
 * @seconds: what it asks for in each answer, or 0
 */
void
provider_fake_set_retry_after (ProviderFake *fake, guint seconds)
{
  fake->retry_after = seconds;
}

/**
 * provider_fake_set_silent:
 * @fake: the provider
 *
 * It never answers any more: every push ends at its deadline.
 */
void
provider_fake_set_silent (ProviderFake *fake)
{
  fake->silent = TRUE;
}

/**
 * provider_fake_set_final:
 * @fake: the provider
 *
 * Says of each push that it must not be repeated.
 */
void
provider_fake_set_final (ProviderFake *fake)
{
  fake->final = TRUE;
}

/**
 * provider_fake_set_vapid_key:
 * @fake: the provider
 * @key: (nullable): what it announces
 */
void
provider_fake_set_vapid_key (ProviderFake *fake, const gchar *key)
{
  g_free (fake->vapid_key);
  fake->vapid_key = g_strdup (key);
}

/**
 * provider_fake_requests:
 * @fake: the provider
 *
 * Returns: (transfer none) (element-type PushRequest): every push so far, oldest first
 */
GPtrArray *
provider_fake_requests (ProviderFake *fake)
{
  return fake->requests;
}

static void
provider_fake_finalize (GObject *object)
{
  ProviderFake *fake = PROVIDER_FAKE (object);

  g_free (fake->name);
  g_free (fake->vapid_key);
  g_ptr_array_unref (fake->requests);
  g_hash_table_unref (fake->pending);
  G_OBJECT_CLASS (provider_fake_parent_class)->finalize (object);
}

static void
provider_fake_class_init (ProviderFakeClass *class)
{
  PushProviderClass *provider_class = PUSH_PROVIDER_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = provider_fake_finalize;
  provider_class->name = provider_fake_name;
  provider_class->supports = provider_fake_supports;
  provider_class->vapid_key = provider_fake_vapid_key;
  provider_class->send = provider_fake_send;
  provider_class->stop = provider_fake_stop;

  /**
   * ProviderFake::pushed:
   * @fake: the provider
   * @request: (type gpointer) (transfer none): the PushRequest
   */
  signals[SIGNAL_PUSHED] = g_signal_new ("pushed", PROVIDER_TYPE_FAKE, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
provider_fake_init (ProviderFake *fake)
{
  fake->outcome = PUSH_ACCEPTED;
  fake->requests = g_ptr_array_new_with_free_func ((GDestroyNotify) push_request_free);
  fake->pending = g_hash_table_new (NULL, NULL);
}

/**
 * provider_fake_new:
 * @name: the pn-provider value it answers to, with any pn-param
 *
 * Returns: (transfer full): a provider that accepts every push at once
 */
ProviderFake *
provider_fake_new (const gchar *name)
{
  ProviderFake *fake = g_object_new (PROVIDER_TYPE_FAKE, NULL);

  fake->name = g_strdup (name);
  return fake;
}
