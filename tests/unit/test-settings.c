/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "config/settings.h"

#include <glib/gstdio.h>
#include <string.h>

#define PHONES "[listen:phones]\nside=phones\nuri=sip:192.0.2.10:5060;transport=udp\n"
#define PBX_SIDE "[listen:pbx]\nside=pbx\nuri=sip:10.0.0.4:5070;transport=udp\n"
#define PBX "[pbx:office]\ndomains=pbx.example.com\nroute=sip:10.0.0.5:5060;transport=udp\n"
#define LEAST PHONES PBX_SIDE PBX
#define RTPENGINES_4 "udp:127.0.0.1:1;udp:127.0.0.1:2;udp:127.0.0.1:3;udp:127.0.0.1:4;"
#define RTPENGINES_8 RTPENGINES_4 RTPENGINES_4

typedef struct {
  gchar *folder;
  gchar *file;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("sipwake-settings-XXXXXX", NULL);
  fixture->file = g_build_filename (fixture->folder, "sipwake.conf", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) folder = g_dir_open (fixture->folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (folder))) {
    g_autofree gchar *path = g_build_filename (fixture->folder, name, NULL);

    g_unlink (path);
  }
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->file);
}

static void
write_file (Fixture *fixture, const gchar *name, const gchar *text)
{
  g_autofree gchar *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static Settings *
load (Fixture *fixture, const gchar *text)
{
  g_autoptr (GError) error = NULL;
  Settings *settings;

  write_file (fixture, "sipwake.conf", text);
  settings = settings_load (fixture->file, &error);
  g_assert_no_error (error);
  return settings;
}

static void
test_byte_order_mark (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Settings) settings = load (fixture, "\xef\xbb\xbf" LEAST);

  g_assert_cmpuint (settings->listens->len, >, 0);
}

/* @expected stands behind the file's name. */
static void
assert_refused (Fixture *fixture, const gchar *text, const gchar *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Settings) settings = NULL;

  write_file (fixture, "sipwake.conf", text);
  settings = settings_load (fixture->file, &error);
  g_assert_null (settings);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG);
  g_assert_true (g_str_has_prefix (error->message, fixture->file));
  if (!g_str_has_prefix (error->message + strlen (fixture->file), expected)) {
    g_test_message ("for:\n%s", text);
    g_assert_cmpstr (error->message + strlen (fixture->file), ==, expected);
  }
}

static void
test_defaults (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Settings) settings = load (fixture, LEAST);
  const ListenSettings *listen = g_ptr_array_index (settings->listens, 0);
  const PbxSettings *pbx = g_ptr_array_index (settings->pbxes, 0);

  g_assert_cmpint (settings->daemon.bus, ==, SETTINGS_BUS_SYSTEM);
  g_assert_cmpstr (settings->daemon.state_dir, ==, "/var/lib/sipwake");
  g_assert_cmpint (settings->daemon.log_level, ==, G_LOG_LEVEL_INFO);
  g_assert_false (settings->daemon.log_personal_data);
  g_assert_null (settings->metrics.host);
  g_assert_cmpuint (settings->wake.timeout, ==, 30);
  g_assert_cmpuint (settings->wake.hold_response, ==, 180);
  g_assert_cmpuint (settings->wake.direct_try, ==, 400);
  g_assert_cmpuint (settings->wake.binding_expires, ==, 604800);
  g_assert_cmpuint (settings->registrar.phones_per_user, ==, 20);
  g_assert_false (settings->registrar.refuse_brief);
  g_assert_cmpstr (listen->advertise_host, ==, "192.0.2.10");
  g_assert_cmpuint (listen->advertise_port, ==, 5060);
  g_assert_cmpint (listen->family, ==, G_SOCKET_FAMILY_IPV4);
  g_assert_cmpuint (pbx->register_expires, ==, 3600);
  g_assert_cmpint (pbx->contacts, ==, SETTINGS_CONTACTS_AUTO);
  g_assert_cmpint (pbx->media, ==, SETTINGS_MEDIA_DIRECT);
  g_assert_cmpuint (g_strv_length (pbx->accept_from), ==, 0);
}

static const gchar everything[] =
    "; the whole of it\n"
    "[daemon]\nbus=session\nstate-dir=/srv/sipwake\nlog-level=debug\n"
    "log-personal-data=true\n"
    "[metrics]\nlisten=[::1]:9100\n"
    "[listen:udp]\nside=phones\nuri=sip:0.0.0.0:5060\nadvertise=203.0.113.7\n"
    "[listen:tls]\nside=phones\nuri=sips:[::]:5061;transport=TLS\nadvertise=[2001:db8::7]:443\n"
    "certificate=/etc/sipwake/c.pem\nprivate-key=/etc/sipwake/k.pem\n"
    "[listen:wss]\nside=phones\nuri=sips:192.0.2.10;transport=wss\n"
    "certificate=/etc/sipwake/c.pem; /etc/sipwake/d.pem\n"
    "private-key=/etc/sipwake/k.pem;/etc/sipwake/l.pem\n"
    "client-ca=/etc/sipwake/ca.pem\nclient-certificate=required\nclient-names=aor\n"
    "path=/sip\norigins=https://phone.example.com\n"
    "[edge]\nconnections=9\nconnections-per-source=8\nhandshakes=7\nhandshake-timeout=6\n"
    "idle-timeout=5\nregistered-timeout=4\n"
    "[listen:pbx]\nside=pbx\nuri=sip:10.0.0.4:5070;transport=udp\nadvertise=pbx-side.example:5071\n"
    "[listen:pbx6]\nside=pbx\nuri=sip:[fd00::4]:5070;transport=tcp\n"
    "  # indented\n"
    "[pbx:office]\ndomains=PBX.Example.com ; 10.0.0.5;[fd00::5]\n"
    "route=sip:10.0.0.5:5080;transport=udp;sip:[fd00::5];transport=tcp; sip:pbx.example.com\n"
    "ca-file=/etc/sipwake/pbx.pem\nregister-expires=600\ncontacts=one\naccept-from=10.0.0.0/24;fd00::5\n"
    "media=address\nmedia-address=203.0.113.7\n"
    "[pbx:lab]\ndomains=lab.example.com\nroute=sip:10.0.0.6\nmedia=rtpengine\ncontacts=each\n"
    "[push:apns]\nprovider=apns\nteam-id=DEF123GHIJ\nkey-id=ABC123DEFG\nkey-file=/k.p8\n"
    "topics=com.example.app.voip;com.example.app\nendpoint=https://localhost:8443\nca-file=/"
    "ca.pem\n"
    "[push:fcm]\nprovider=fcm\nservice-account=/fcm.json\nendpoint=\n"
    "[push:web]\nprovider=webpush\nsubject=mailto:ops@example.com\n"
    "allow-origins=https://push.example.net;https://127.0.0.1:9\n"
    "[push:none]\nprovider=fake\n"
    "[media:edge]\nrtpengine=udp:127.0.0.1:2223;udp:[::1]:2223\n"
    "[wake]\ntimeout=180\nhold-response=183\ndirect-try=0\nbinding-expires=86400\n";

static void
test_listens_and_daemon (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Settings) settings = load (fixture, everything);
  const ListenSettings *udp, *tls, *wss, *pbx;

  g_assert_cmpint (settings->daemon.bus, ==, SETTINGS_BUS_SESSION);
  g_assert_cmpstr (settings->daemon.state_dir, ==, "/srv/sipwake");
  g_assert_cmpint (settings->daemon.log_level, ==, G_LOG_LEVEL_DEBUG);
  g_assert_true (settings->daemon.log_personal_data);
  g_assert_cmpstr (settings->metrics.host, ==, "::1");
  g_assert_cmpuint (settings->metrics.port, ==, 9100);
  g_assert_cmpuint (settings->listens->len, ==, 5);
  udp = g_ptr_array_index (settings->listens, 0);
  tls = g_ptr_array_index (settings->listens, 1);
  wss = g_ptr_array_index (settings->listens, 2);
  pbx = g_ptr_array_index (settings->listens, 3);
  g_assert_cmpstr (udp->name, ==, "udp");
  g_assert_cmpint (udp->side, ==, SETTINGS_SIDE_PHONES);
  g_assert_cmpint (udp->transport, ==, SETTINGS_TRANSPORT_UDP);
  g_assert_cmpstr (udp->host, ==, "0.0.0.0");
  g_assert_cmpstr (udp->advertise_host, ==, "203.0.113.7");
  g_assert_cmpuint (udp->advertise_port, ==, 5060);
  g_assert_cmpint (tls->transport, ==, SETTINGS_TRANSPORT_TLS);
  g_assert_cmpstr (tls->host, ==, "::");
  g_assert_cmpint (tls->family, ==, G_SOCKET_FAMILY_IPV6);
  g_assert_cmpstr (tls->advertise_host, ==, "2001:db8::7");
  g_assert_cmpuint (tls->advertise_port, ==, 443);
  g_assert_cmpstr (tls->certificates[0], ==, "/etc/sipwake/c.pem");
  g_assert_cmpstr (tls->private_keys[0], ==, "/etc/sipwake/k.pem");
  g_assert_null (tls->client_ca);
  g_assert_false (tls->names_bind);
  g_assert_null (tls->path);
  g_assert_null (tls->origins);
  g_assert_cmpint (wss->transport, ==, SETTINGS_TRANSPORT_WSS);
  g_assert_cmpstr (wss->certificates[1], ==, "/etc/sipwake/d.pem");
  g_assert_cmpstr (wss->private_keys[1], ==, "/etc/sipwake/l.pem");
  g_assert_cmpstr (wss->client_ca, ==, "/etc/sipwake/ca.pem");
  g_assert_true (wss->require_client_certificate);
  g_assert_true (wss->names_bind);
  g_assert_cmpstr (wss->path, ==, "/sip");
  g_assert_cmpstr (wss->origins[0], ==, "https://phone.example.com");
  g_assert_cmpuint (settings->edge.connections, ==, 9);
  g_assert_cmpuint (settings->edge.connections_per_source, ==, 8);
  g_assert_cmpuint (settings->edge.handshakes, ==, 7);
  g_assert_cmpuint (settings->edge.handshake_timeout, ==, 6);
  g_assert_cmpuint (settings->edge.idle_timeout, ==, 5);
  g_assert_cmpuint (settings->edge.registered_timeout, ==, 4);
  g_assert_cmpuint (wss->port, ==, 443);
  g_assert_cmpint (pbx->side, ==, SETTINGS_SIDE_PBX);
  g_assert_cmpstr (pbx->advertise_host, ==, "pbx-side.example");
  g_assert_cmpuint (pbx->advertise_port, ==, 5071);
}

static void
test_pbxes_and_wake (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Settings) settings = load (fixture, everything);
  const PbxSettings *office = g_ptr_array_index (settings->pbxes, 0);
  const PbxSettings *lab = g_ptr_array_index (settings->pbxes, 1);
  const RouteSettings *first = g_ptr_array_index (office->routes, 0);
  const RouteSettings *second = g_ptr_array_index (office->routes, 1);
  const RouteSettings *third = g_ptr_array_index (office->routes, 2);
  const MediaSettings *media = g_ptr_array_index (settings->medias, 0);
  const EndpointSettings *relay = g_ptr_array_index (media->rtpengines, 1);

  g_assert_cmpstr (office->name, ==, "office");
  g_assert_cmpuint (g_strv_length (office->domains), ==, 3);
  g_assert_cmpstr (office->domains[0], ==, "pbx.example.com");
  g_assert_cmpstr (office->domains[2], ==, "[fd00::5]");
  g_assert_cmpuint (office->routes->len, ==, 3);
  g_assert_cmpstr (first->host, ==, "10.0.0.5");
  g_assert_cmpuint (first->port, ==, 5080);
  g_assert_true (first->is_numeric);
  g_assert_cmpstr (second->host, ==, "fd00::5");
  g_assert_cmpuint (second->port, ==, 5060);
  g_assert_cmpint (second->transport, ==, SETTINGS_TRANSPORT_TCP);
  g_assert_cmpstr (third->host, ==, "pbx.example.com");
  g_assert_cmpuint (third->port, ==, 0);
  g_assert_false (third->is_numeric);
  g_assert_cmpuint (office->register_expires, ==, 600);
  g_assert_cmpint (office->contacts, ==, SETTINGS_CONTACTS_ONE);
  g_assert_cmpstr (office->accept_from[1], ==, "fd00::5");
  g_assert_cmpint (office->media, ==, SETTINGS_MEDIA_ADDRESS);
  g_assert_cmpstr (office->media_address, ==, "203.0.113.7");
  g_assert_cmpint (lab->media, ==, SETTINGS_MEDIA_RTPENGINE);
  g_assert_cmpint (lab->contacts, ==, SETTINGS_CONTACTS_EACH);
  g_assert_cmpstr (relay->host, ==, "::1");
  g_assert_cmpuint (relay->port, ==, 2223);
  g_assert_cmpuint (settings->wake.timeout, ==, 180);
  g_assert_cmpuint (settings->wake.hold_response, ==, 183);
  g_assert_cmpuint (settings->wake.direct_try, ==, 0);
  g_assert_cmpuint (settings->wake.binding_expires, ==, 86400);
}

static void
test_pushes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Settings) settings = load (fixture, everything);
  const PushSettings *apns = g_ptr_array_index (settings->pushes, 0);
  const PushSettings *fcm = g_ptr_array_index (settings->pushes, 1);
  const PushSettings *web = g_ptr_array_index (settings->pushes, 2);
  const PushSettings *fake = g_ptr_array_index (settings->pushes, 3);
  Settings *again = settings_ref (settings);

  g_assert_cmpint (apns->provider, ==, SETTINGS_PUSH_APNS);
  g_assert_cmpstr (apns->team_id, ==, "DEF123GHIJ");
  g_assert_cmpstr (apns->key_id, ==, "ABC123DEFG");
  g_assert_cmpstr (apns->key_file, ==, "/k.p8");
  g_assert_cmpstr (apns->topics[1], ==, "com.example.app");
  g_assert_cmpstr (apns->endpoint, ==, "https://localhost:8443");
  g_assert_cmpstr (apns->ca_file, ==, "/ca.pem");
  g_assert_cmpint (fcm->provider, ==, SETTINGS_PUSH_FCM);
  g_assert_cmpstr (fcm->service_account, ==, "/fcm.json");
  g_assert_null (fcm->endpoint);
  g_assert_cmpint (web->provider, ==, SETTINGS_PUSH_WEBPUSH);
  g_assert_cmpstr (web->subject, ==, "mailto:ops@example.com");
  g_assert_cmpstr (web->allow_origins[1], ==, "https://127.0.0.1:9");
  g_assert_cmpint (fake->provider, ==, SETTINGS_PUSH_FAKE);
  g_assert_cmpuint (fake->rate_limit, ==, 1000);
  g_assert_cmpuint (settings->wake.repeat[0], ==, 4);
  g_assert_cmpuint (settings->wake.repeat[1], ==, 10);
  g_assert_cmpuint (settings->wake.repeat[2], ==, 0);
  settings_unref (again);
}

static void
test_lines (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *text, *expected;
  } cases[] = {
    { "side=phones\n", ":1: the key stands in no group" },
    { "# x\n\n[daemon]\nnonsense\n", ":4: the line is no KEY=VALUE" },
    { "[daemon]\n=x\n", ":2: the line is no KEY=VALUE" },
    { "[daemon\n", ":1: a group's line is [NAME] and nothing else" },
    { "[daemon] ; x\n", ":1: a group's line is [NAME] and nothing else" },
    { "[daemon]\n[]\n", ":2: a group's line" },
    { "[daemon]\nlog-level=\xff\n", ":2: the line is not UTF-8" },
    { "[daemon]\n[wake]\n[daemon]\n", ":3: [daemon] stands in line 1 already" },
    { "[wake]\ntimeout=3\ntimeout = 4\n", ":3: [wake] timeout: stands in line 2 already" },
    { LEAST "[pbx:office]\ndomains=x\n", ":10: [pbx:office] stands in line 7 already" },
    { "[daemon]\r\nbus=none\r\nlogs=1\r\n", ":3: [daemon] logs: no such key here" },
    { "[deamon]\n", ":1: [deamon]: no such group" },
    { "[listen:]\n", ":1: [listen:]: the name is made of" },
    { "[listen:a b]\n", ":1: [listen:a b]: the name is made of" },
    { "[listener:x]\n", ":1: [listener:x]: no such group" },
    { "[daemon]\nbus=system   ; or none\n",
      ":2: [daemon] bus: text behind the value; a comment needs a line of its own" },
    { "[daemon]\nbus=system # or none\n", ":2: [daemon] bus: text behind the value" },
    { "[daemon]\nbus=both\n", ":2: [daemon] bus: both is none of system, session, none" },
    { "[daemon]\nlog-level=loud\n", ":2: [daemon] log-level: loud is none of" },
    { "[daemon]\nstate-dir=state\n", ":2: [daemon] state-dir: state does not begin with /" },
    { "[daemon]\nstate-dir=/a\\qb\n", ":2: [daemon] state-dir: the value cannot be read" },
    { "[metrics]\nlisten=localhost:1\n", ":2: [metrics] listen: localhost:1 is no ADDRESS:PORT" },
    { "[metrics]\nlisten=::1\n", ":2: [metrics] listen: ::1 is no HOST:PORT" },
    { "[wake]\ntimeout=0\n", ":2: [wake] timeout: 0 is not a number from 1 to 180" },
    { "[wake]\ntimeout=181\n", ":2: [wake] timeout: 181 is not" },
    { "[wake]\ntimeout=30s\n", ":2: [wake] timeout: 30s is not" },
    { "[wake]\ntimeout=-1\n", ":2: [wake] timeout: -1 is not" },
    { "[wake]\nhold-response=200\n", ":2: [wake] hold-response: 200 is none of 180, 183, 100" },
    { "[wake]\ndirect-try=99999999999999999999\n", ":2: [wake] direct-try: " },
    { "[registrar]\nphones-per-user=0\n", ":2: [registrar] phones-per-user: 0 is not" },
    { "[registrar]\nproxies=edge\n", ":2: [registrar] proxies: edge is neither an address" },
    { "[registrar]\nbrief-intervals=maybe\n", ":2: [registrar] brief-intervals: maybe is none" },
    { "[wake]\nbinding-expires=10\n", ":2: [wake] binding-expires: 10 is not" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (fixture, cases[i].text, cases[i].expected);
}

static void
test_groups (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *text, *expected;
  } cases[] = {
    { "[listen:a]\nuri=sip:192.0.2.1\n", ":1: [listen:a] side: is missing" },
    { "[listen:a]\nside=pbx\n", ":1: [listen:a] uri: is missing" },
    { "[listen:a]\nside=lan\nuri=sip:192.0.2.1\n", ":2: [listen:a] side: lan is none of" },
    { "[listen:a]\nside=pbx\nuri=192.0.2.1:5060\n",
      ":3: [listen:a] uri: 192.0.2.1:5060: The URI is neither sip: nor sips:" },
    { "[listen:a]\nside=pbx\nuri=sip:u@192.0.2.1\n",
      ":3: [listen:a] uri: sip:u@192.0.2.1: no user" },
    { "[listen:a]\nside=pbx\nuri=sip:localhost\n", ":3: [listen:a] uri: localhost is a name" },
    { "[listen:a]\nside=pbx\nuri=sip:1.2.3.4;transport=sctp\n",
      ":3: [listen:a] uri: transport=sctp is none of" },
    { "[listen:a]\nside=pbx\nuri=sip:1.2.3.4;lr\n", ":3: [listen:a] uri: parameter \"lr\"" },
    { "[listen:a]\nside=pbx\nuri=sips:1.2.3.4;transport=udp\n",
      ":3: [listen:a] uri: sips: does not" },
    { "[listen:a]\nside=pbx\nuri=sip:1.2.3.4:70000\n", ":3: [listen:a] uri: sip:1.2.3.4:70000: " },
    { "[listen:a]\nside=pbx\nuri=sip:0.0.0.0\n", ":1: [listen:a] advertise: is missing" },
    { "[listen:a]\nside=phones\nuri=sip:[::]\n", ":1: [listen:a] advertise: is missing" },
    { "[listen:a]\nside=pbx\nuri=sip:0.0.0.0\nadvertise=0.0.0.0\n",
      ":4: [listen:a] advertise: 0.0.0.0 is no address to send to" },
    { "[listen:a]\nside=pbx\nuri=sip:1.2.3.4\nadvertise=x:y:z\n", ":4: [listen:a] advertise: " },
    { "[listen:a]\nside=phones\nuri=sips:1.2.3.4\n", ":1: [listen:a] certificate: is missing" },
    { "[listen:a]\nside=phones\nuri=sip:1.2.3.4;transport=wss\ncertificate=/c\n",
      ":1: [listen:a] private-key: is missing" },
    { "[listen:a]\nside=phones\nuri=sip:1.2.3.4\ncertificate=/c\n",
      ":4: [listen:a] certificate: has no use with transport=udp" },
    { "[listen:a]\nside=phones\nuri=sips:1.2.3.4\ncertificate=/c;d\nprivate-key=/k\n",
      ":4: [listen:a] certificate: d does not begin with /" },
    { "[listen:a]\nside=phones\nuri=sips:1.2.3.4\ncertificate=/c;/d\nprivate-key=/k\n",
      ":5: [listen:a] private-key: names 1 files, and certificate= names 2" },
    { "[listen:a]\nside=phones\nuri=sips:1.2.3.4\ncertificate=/c\nprivate-key=/k\n"
      "client-certificate=required\n",
      ":6: [listen:a] client-certificate: has no use without client-ca=" },
    { "[listen:a]\nside=phones\nuri=sips:1.2.3.4\ncertificate=/c\nprivate-key=/k\n"
      "client-names=aor\n",
      ":6: [listen:a] client-names: has no use without client-ca=" },
    { "[listen:a]\nside=pbx\nuri=sips:1.2.3.4\ncertificate=/c\nprivate-key=/k\n"
      "client-ca=/c\nclient-names=any\n",
      ":7: [listen:a] client-names: has no use with side=pbx" },
    { "[listen:a]\nside=phones\nuri=sip:1.2.3.4;transport=ws\nclient-ca=/c\n",
      ":4: [listen:a] client-ca: has no use with transport=ws" },
    { "[listen:a]\nside=phones\nuri=sip:1.2.3.4;transport=tcp\npath=/sip\n",
      ":4: [listen:a] path: has no use with transport=tcp" },
    { "[listen:a]\nside=phones\nuri=sip:1.2.3.4;transport=ws\npath=sip\n",
      ":4: [listen:a] path: sip does not begin with /" },
    { "[listen:a]\nside=phones\nuri=sip:1.2.3.4;transport=udp\norigins=x\n",
      ":4: [listen:a] origins: has no use with transport=udp" },
    { "[edge]\nhandshakes=0\n", ":2: [edge] handshakes: 0 is not a number" },
    { "[edge]\nlistens=1\n", ":2: [edge] listens: no such key" },
    { "[pbx:a]\nroute=sip:1.2.3.4\n", ":1: [pbx:a] domains: is missing" },
    { "[pbx:a]\ndomains=;\n", ":2: [pbx:a] domains: is missing" },
    { "[pbx:a]\ndomains=a_b;c/d\n", ":2: [pbx:a] domains: c/d is neither" },
    { "[pbx:a]\ndomains=x\n", ":1: [pbx:a] route: is missing" },
    { "[pbx:a]\ndomains=x ; what phones use\n", ":2: [pbx:a] domains: a blank inside" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4;transport=udp ; several are tried\n",
      ":3: [pbx:a] route: a blank inside" },
    { "[pbx:a]\ndomains=x\nroute=1.2.3.4\n", ":3: [pbx:a] route: 1.2.3.4: " },
    { "[pbx:a]\ndomains=x\nroute=sip:0.0.0.0\n", ":3: [pbx:a] route: sip:0.0.0.0 is no address" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\naccept-from=pbx.example.com\n",
      ":4: [pbx:a] accept-from: pbx.example.com is neither" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nregister-expires=59\n",
      ":4: [pbx:a] register-expires: 59 is not" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nmedia=address\n",
      ":1: [pbx:a] media-address: is missing" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nmedia=address\nmedia-address=host\n",
      ":5: [pbx:a] media-address: host is no address" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nmedia-address=1.2.3.4\n",
      ":4: [pbx:a] media-address: has a use" },
    { "[push:a]\nteam-id=x\n", ":1: [push:a] provider: is missing" },
    { "[push:a]\nprovider=mqtt\n", ":2: [push:a] provider: mqtt is none of" },
    { "[push:a]\nprovider=fcm\nteam-id=x\n", ":3: [push:a] team-id: no such key here" },
    { "[push:a]\nprovider=fcm\n", ":1: [push:a] service-account: is missing" },
    { "[push:a]\nprovider=fcm\nservice-account=/a\nendpoint=http://x\n",
      ":4: [push:a] endpoint: " },
    { "[push:a]\nprovider=apns\nteam-id=T\nkey-id=K\nkey-file=/k\n",
      ":1: [push:a] topics: is missing" },
    { "[push:a]\nprovider=apns\nkey-id=K\nkey-file=/k\ntopics=a\n",
      ":1: [push:a] team-id: is missing" },
    { "[push:a]\nprovider=apns\nteam-id=T/\nkey-id=K\n",
      ":3: [push:a] team-id: T/ is not made of" },
    { "[push:a]\nprovider=apns\nendpoint=staging\n", ":3: [push:a] endpoint: staging is none of" },
    { "[push:a]\nprovider=apns\nendpoint=https://h/path\n", ":3: [push:a] endpoint: " },
    { "[push:a]\nprovider=apns\nendpoint=https://u@h\n", ":3: [push:a] endpoint: " },
    { "[push:a]\nprovider=apns\ncertificate=/c\nteam-id=T\ntopics=a\n",
      ":4: [push:a] team-id: has no use with certificate=" },
    { "[push:a]\nprovider=webpush\nproxy=ftp://h:1\n", ":3: [push:a] proxy: is none of" },
    { "[push:a]\nprovider=webpush\nproxy=http://h:1\n", ":1: [push:a] allow-origins: must be " },
    { "[push:a]\nprovider=webpush\nrate-limit=0\n", ":3: [push:a] rate-limit: 0 is not" },
    { "[wake]\nrepeat=0;10;4\n", ":2: [wake] repeat: is no list of" },
    { "[wake]\nrepeat=now\n", ":2: [wake] repeat: is no list of" },
    { "[push:a]\nprovider=webpush\nsubject=ops@example.com\n", ":3: [push:a] subject: " },
    { "[push:a]\nprovider=webpush\nallow-origins=push.example.net\n",
      ":3: [push:a] allow-origins: push.example.net is neither" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nmedia-phones=srtp\n",
      ":4: [pbx:a] media-phones: has a use with media=rtpengine only" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nmedia-users=bob:srtp\n",
      ":4: [pbx:a] media-users: has a use with media=rtpengine only" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nmedia=rtpengine\nmedia-users=bob:srtp;al:zrtp\n",
      ":5: [pbx:a] media-users: al:zrtp is not USER:HOW, with one of auto, rtp, srtp, webrtc" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nmedia=rtpengine\nmedia-users=srtp\n",
      ":5: [pbx:a] media-users: srtp is not USER:HOW, with one of auto, rtp, srtp, webrtc" },
    { "[pbx:a]\ndomains=x\nroute=sip:1.2.3.4\nmedia-pbx=srtp\n",
      ":4: [pbx:a] media-pbx: has a use with media=rtpengine only" },
    { "[media:a]\nrtpengine=udp:127.0.0.1:1\ninterface-pbx=x\n",
      ":1: [media:a] interface-phones: is missing" },
    { "[media:a]\n", ":1: [media:a] rtpengine: is missing" },
    { "[media:a]\nrtpengine=127.0.0.1:1\n", ":2: [media:a] rtpengine: 127.0.0.1:1 is not udp:" },
    { "[media:a]\nrtpengine=udp:127.0.0.1\n",
      ":2: [media:a] rtpengine: udp:127.0.0.1 is no numeric address with a port" },
    { "[media:a]\nrtpengine=udp:relay.example:2223\n",
      ":2: [media:a] rtpengine: udp:relay.example:2223 is no numeric address with a port" },
    { "[media:a]\nrtpengine=" RTPENGINES_8 RTPENGINES_8 "udp:127.0.0.9:2223\n",
      ":2: [media:a] rtpengine: names 17, and at most 16 are used" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (fixture, cases[i].text, cases[i].expected);
}

static void
test_across_groups (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *text, *expected;
  } cases[] = {
    { "", ": there is no [listen:NAME] with side=phones" },
    { PHONES PBX, ": there is no [listen:NAME] with side=pbx" },
    { PBX_SIDE PBX, ": there is no [listen:NAME] with side=phones" },
    { PHONES PBX_SIDE, ": there is no [pbx:NAME]" },
    { LEAST "[listen:c]\nside=pbx\nuri=sip:192.0.2.10\n",
      ":12: [listen:c] uri: [listen:phones] has the same address, port and transport" },
    { LEAST "[pbx:b]\ndomains=y;PBX.example.COM\nroute=sip:10.0.0.6\n",
      ":11: [pbx:b] domains: pbx.example.com belongs to [pbx:office] already" },
    { PHONES PBX_SIDE "[pbx:b]\ndomains=y\nroute=sip:10.0.0.6;transport=tcp\n",
      ":9: [pbx:b] route: no listener with side=pbx and transport=tcp of the same address family "
      "can reach 10.0.0.6" },
    { PHONES PBX_SIDE "[pbx:b]\ndomains=y\nroute=sip:10.0.0.6;sip:[fd00::6]\n",
      ":9: [pbx:b] route: no listener with side=pbx and transport=udp of the same address family "
      "can reach fd00::6" },
    { PHONES PBX_SIDE "[pbx:b]\ndomains=y\nroute=sip:name.example;transport=tcp\n",
      ":9: [pbx:b] route: no listener with side=pbx and transport=tcp can reach name.example" },
    { LEAST "media=rtpengine\n", ":10: [pbx:office] media: media=rtpengine needs" },
    { LEAST "[media:a]\nrtpengine=udp:127.0.0.1:1\n[media:b]\nrtpengine=udp:127.0.0.1:2\n",
      ":12: [media:b]: there is [media:a] already" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (fixture, cases[i].text, cases[i].expected);
}

static void
test_several_files (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Settings) settings = NULL, twice = NULL, elsewhere = NULL;

  g_free (fixture->file);
  fixture->file = g_build_filename (fixture->folder, "main", NULL);
  write_file (fixture, "main", PHONES "[wake]\ntimeout=10\ndirect-try=1\n");
  write_file (fixture, "20-wake.conf", "[wake]\ntimeout=20\n" PBX);
  write_file (fixture, "10-wake.conf", "[wake]\ntimeout=15\n" PBX_SIDE);
  write_file (fixture, "30-not.conf.bak", "nonsense\n");
  settings = settings_load_with_directory (fixture->file, fixture->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (settings->wake.timeout, ==, 20);
  g_assert_cmpuint (settings->wake.direct_try, ==, 1);
  elsewhere = settings_load_with_directory (fixture->file, "/nonexistent", NULL);
  g_assert_null (elsewhere);

  write_file (fixture, "40-twice.conf", "\n" PBX);
  twice = settings_load_with_directory (fixture->file, fixture->folder, &error);
  g_assert_null (twice);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "/40-twice.conf:2: [pbx:office]: stands in "));
  g_assert_nonnull (strstr (error->message, "/20-wake.conf:3 already"));
}

static void
test_no_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) absent = NULL, binary = NULL;
  const gchar zero[] = "[daemon]\n\0bus=none\n";

  g_assert_null (settings_load (fixture->file, &absent));
  g_assert_error (absent, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG);
  g_assert_nonnull (strstr (absent->message, fixture->file));
  g_assert_true (g_file_set_contents (fixture->file, zero, sizeof zero - 1, NULL));
  g_assert_null (settings_load (fixture->file, &binary));
  g_assert_error (binary, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_unsetenv ("STATE_DIRECTORY");
  g_test_init (&argc, &argv, NULL);
  ADD ("/settings/defaults", test_defaults);
  ADD ("/settings/listens-and-daemon", test_listens_and_daemon);
  ADD ("/settings/pbxes-and-wake", test_pbxes_and_wake);
  ADD ("/settings/pushes", test_pushes);
  ADD ("/settings/lines", test_lines);
  ADD ("/settings/byte-order-mark", test_byte_order_mark);
  ADD ("/settings/groups", test_groups);
  ADD ("/settings/across-groups", test_across_groups);
  ADD ("/settings/several-files", test_several_files);
  ADD ("/settings/no-file", test_no_file);
  return g_test_run ();
}
