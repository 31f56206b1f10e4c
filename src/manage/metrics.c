/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * metrics: everything that is counted, in the text form of Prometheus (version 0.0.4).
 *
 * Every counter of base/ appears by itself, so that a new one is never forgotten: a gauge under its
 * name, anything else with _total. Those that are parts of a whole share a name and have a label.
 */
#include "config.h"

#include "manage/metrics.h"

#include "base/counters.h"
#include "base/memory.h"
#include "manage/bus-account.h"
#include "manage/bus-binding.h"

#include <sys/resource.h>

#define MAX_PARTS 5

typedef struct {
  const gchar *name;
  const gchar *label;
  const gchar *help;
  struct {
    const gchar *value; /* NULL: no more */
    Counter counter;
  } parts[MAX_PARTS + 1];
} Family;

static const Family families[] = {
  { "sipwake_pushes_total", "result", "Pushes by what the push service said.",
    { { "accepted", COUNTER_PUSHES_ACCEPTED },
      { "token_dead", COUNTER_PUSHES_TOKEN_DEAD },
      { "refused", COUNTER_PUSHES_REFUSED },
      { "failed", COUNTER_PUSHES_FAILED },
      { "queue_full", COUNTER_PUSHES_QUEUE_FULL } } },
  { "sipwake_calls_total", "outcome", "Calls by how they ended.",
    { { "bridged", COUNTER_CALLS_BRIDGED },
      { "cancelled", COUNTER_CALLS_CANCELLED },
      { "failed", COUNTER_CALLS_FAILED } } },
  { "sipwake_calls_begun_total", "direction", "Calls by whom they are for.",
    { { "to_phone", COUNTER_CALLS_IN }, { "to_pbx", COUNTER_CALLS_OUT } } },
  { "sipwake_wakes_total", "result", "Wake-ups by what came of them.",
    { { "succeeded", COUNTER_WAKES_SUCCEEDED },
      { "refused", COUNTER_WAKES_REFUSED },
      { "timed_out", COUNTER_WAKES_TIMED_OUT } } },
};

/* What rises and falls ends like this. */
static gboolean
is_gauge (const gchar *name)
{
  static const gchar *const endings[] = { "_open",   "_in_flight", "_waiting", "_queued",
                                          "_held",   "_down",      "_pins" };

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (name, endings[i]))
      return TRUE;
  return g_str_equal (name, "bindings") || g_str_equal (name, "bindings_with_push");
}

static void
print_head (GString *text, const gchar *name, const gchar *type, const gchar *help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static gboolean
is_part (Counter counter)
{
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    for (gsize k = 0; families[i].parts[k].value; k++)
      if (families[i].parts[k].counter == counter)
        return TRUE;
  return FALSE;
}

static void
print_families (GString *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++) {
    const Family *family = &families[i];

    print_head (text, family->name, "counter", family->help);
    for (gsize k = 0; family->parts[k].value; k++)
      g_string_append_printf (text, "%s{%s=\"%s\"} %" G_GINT64_FORMAT "\n", family->name,
                              family->label, family->parts[k].value,
                              counters_get (family->parts[k].counter));
  }
}

static void
print_counters (GString *text)
{
  for (guint i = 0; i < N_COUNTERS; i++) {
    gboolean gauge = is_gauge (counters_name (i));
    g_autofree gchar *name =
        g_strconcat ("sipwake_", counters_name (i), gauge ? NULL : "_total", NULL);
    g_autofree gchar *words = g_strdelimit (g_strdup (counters_name (i)), "_", ' ');
    g_autofree gchar *help = g_strdup_printf (gauge ? "Now: %s." : "Since the start: %s.", words);

    if (is_part (i))
      continue;
    print_head (text, name, gauge ? "gauge" : "counter", help);
    g_string_append_printf (text, "%s %" G_GINT64_FORMAT "\n", name, counters_get (i));
  }
}

static const gchar *const states[] = { "awake", "asleep", "unknown" };

static void
count_state (Binding *binding, gpointer user_data)
{
  guint *counts = user_data;

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_str_equal (bus_binding_state (binding), states[i]))
      counts[i]++;
}

static void
print_states (const MetricsSources *sources, GString *text)
{
  guint counts[G_N_ELEMENTS (states)] = { 0 };

  location_each (sources->location, count_state, counts);
  print_head (text, "sipwake_phones", "gauge",
              "Registered phones by the state of their connection.");
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    g_string_append_printf (text, "sipwake_phones{state=\"%s\"} %u\n", states[i], counts[i]);
}

static const gchar *const account_states[] = { "new", "ready", "trouble" };

static void
count_account (const Account *account, gpointer user_data)
{
  guint *counts = user_data;

  for (gsize i = 0; i < G_N_ELEMENTS (account_states); i++)
    if (g_str_equal (bus_account_state (account), account_states[i]))
      counts[i]++;
}

static void
print_accounts (const MetricsSources *sources, GString *text)
{
  guint counts[G_N_ELEMENTS (account_states)] = { 0 };

  account_book_each (sources->accounts, count_account, counts);
  print_head (text, "sipwake_accounts", "gauge",
              "Accounts by whether the PBX takes their password.");
  for (gsize i = 0; i < G_N_ELEMENTS (account_states); i++)
    g_string_append_printf (text, "sipwake_accounts{state=\"%s\"} %u\n", account_states[i],
                            counts[i]);
}

static void
print_pbxes (const MetricsSources *sources, GString *text)
{
  print_head (text, "sipwake_pbx_reachable", "gauge",
              "Whether a route to the PBX is not known to be down.");
  for (guint i = 0; i < sources->pbxes->len; i++) {
    const Pbx *pbx = g_ptr_array_index (sources->pbxes, i);
    g_autofree gchar *label = g_strescape (pbx_name (pbx), NULL);

    g_string_append_printf (text, "sipwake_pbx_reachable{pbx=\"%s\"} %d\n", label,
                            pbx_is_reachable (pbx) ? 1 : 0);
  }
}

static void
print_process (GString *text)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];
  struct rusage usage = { 0 };
  gdouble seconds;

  getrusage (RUSAGE_SELF, &usage);
  seconds = (gdouble) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
            (gdouble) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
  print_head (text, "process_cpu_seconds_total", "counter", "User and system CPU time.");
  g_string_append_printf (text, "process_cpu_seconds_total %s\n",
                          g_ascii_formatd (number, sizeof number, "%.2f", seconds));
  print_head (text, "process_resident_memory_bytes", "gauge", "Resident memory size.");
  g_string_append_printf (text, "process_resident_memory_bytes %" G_GSIZE_FORMAT "\n",
                          memory_resident ());
  print_head (text, "sipwake_memory_allocated_bytes", "gauge",
              "Memory in use; what is resident beyond it goes back when it is spare.");
  g_string_append_printf (text, "sipwake_memory_allocated_bytes %" G_GSIZE_FORMAT "\n",
                          memory_in_use ());
}

/**
 * metrics_text:
 * @sources: what is told of
 *
 * Returns: (transfer full): all metrics
 */
gchar *
metrics_text (const MetricsSources *sources)
{
  g_autoptr (GString) text = g_string_sized_new (8192);

  print_head (text, "sipwake_build_info", "gauge", "Which version runs.");
  g_string_append (text, "sipwake_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
  print_head (text, "sipwake_draining", "gauge", "Whether new calls are refused.");
  g_string_append_printf (text, "sipwake_draining %d\n",
                          router_is_draining (sources->router) ? 1 : 0);
  print_counters (text);
  print_families (text);
  print_states (sources, text);
  print_accounts (sources, text);
  print_pbxes (sources, text);
  wake_times_print (sources->wake_times, text);
  print_process (text);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
