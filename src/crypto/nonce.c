/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nonce: the nonces with which sipwake challenges phones, RFC 7616 §3.3 and §5.4.
 *
 * A nonce is its time of issue, some randomness and a keyed hash over both, so that nothing is kept
 * for the scanners who never answer. Only a nonce that was answered rightly is written into the
 * book, with its highest nonce count. The book is bounded: when it forgets a nonce, everything
 * issued up to that one becomes stale, for nobody could tell a replay any more.
 */
#include "crypto/nonce.h"

#include "base/clock.h"
#include "crypto/keyed-hash.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#define KEY_SIZE 32
#define RANDOM_SIZE 8
#define MAC_SIZE 16
#define BODY_SIZE (sizeof (gint64) + RANDOM_SIZE)
#define NONCE_SIZE (BODY_SIZE + MAC_SIZE)

struct _NonceBook {
  KeyedHash *hash; /* with a key that nobody else knows */
  gint64 lifetime;
  guint max_used;
  gint64 forgotten; /* nothing issued until then is accepted unless it stands in the book */
  GHashTable *used; /* nonce -> Use */
  GQueue oldest;    /* of Use, in the order of their first use */
};

typedef struct {
  gchar *nonce;
  gint64 issued;
  guint32 nc;
} Use;

static void
use_free (Use *use)
{
  g_free (use->nonce);
  g_free (use);
}

/**
 * nonce_book_new:
 * @lifetime: how long a nonce lives, in seconds
 * @max_used: how many nonces are remembered with their count
 *
 * Returns: (transfer full) (nullable): a book with a key of its own; %NULL without randomness
 */
NonceBook *
nonce_book_new (guint lifetime, guint max_used)
{
  guchar key[KEY_SIZE];
  NonceBook *book;

  if (RAND_bytes (key, sizeof key) != 1)
    return NULL;
  book = g_new0 (NonceBook, 1);
  book->hash = keyed_hash_new (key, sizeof key);
  OPENSSL_cleanse (key, sizeof key);
  book->lifetime = lifetime * CLOCK_SECOND;
  book->max_used = max_used;
  book->forgotten = -1;
  book->used = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) use_free);
  g_queue_init (&book->oldest);
  return book;
}

/**
 * nonce_book_free:
 * @book: (nullable) (transfer full): a book
 */
void
nonce_book_free (NonceBook *book)
{
  if (!book)
    return;
  g_queue_clear (&book->oldest);
  g_hash_table_unref (book->used);
  keyed_hash_free (book->hash);
  g_free (book);
}

static void
nonce_mac (NonceBook *book, const guchar *body, guchar mac[MAC_SIZE])
{
  guint8 digest[KEYED_HASH_SIZE];

  keyed_hash_make (book->hash, body, BODY_SIZE, digest);
  memcpy (mac, digest, MAC_SIZE);
}

/**
 * nonce_book_issue:
 * @book: the book
 *
 * Returns: (transfer full) (nullable): a new nonce of 64 hex digits; %NULL without randomness
 */
gchar *
nonce_book_issue (NonceBook *book)
{
  static const gchar digits[] = "0123456789abcdef";
  gint64 now = clock_now ();
  guchar nonce[NONCE_SIZE];
  gchar *text;

  memcpy (nonce, &now, sizeof now);
  if (RAND_bytes (nonce + sizeof now, RANDOM_SIZE) != 1)
    return NULL;
  nonce_mac (book, nonce, nonce + BODY_SIZE);
  text = g_malloc0 (2 * NONCE_SIZE + 1);
  for (guint i = 0; i < NONCE_SIZE; i++) {
    text[2 * i] = digits[nonce[i] >> 4];
    text[2 * i + 1] = digits[nonce[i] & 15];
  }
  return text;
}

/* When the nonce says that it was issued; whether it has the form of one. */
static gboolean
read_nonce (const gchar *text, guchar nonce[NONCE_SIZE], gint64 *issued)
{
  if (strnlen (text, 2 * NONCE_SIZE + 1) != 2 * NONCE_SIZE ||
      strspn (text, "0123456789abcdef") != 2 * NONCE_SIZE)
    return FALSE;
  for (guint i = 0; i < NONCE_SIZE; i++)
    nonce[i] = g_ascii_xdigit_value (text[2 * i]) << 4 | g_ascii_xdigit_value (text[2 * i + 1]);
  memcpy (issued, nonce, sizeof *issued);
  return TRUE;
}

/* Whether the nonce is one of this book, and when it was issued. */
static gboolean
nonce_issued (NonceBook *book, const gchar *text, gint64 *issued)
{
  guchar nonce[NONCE_SIZE], mac[MAC_SIZE];

  if (!read_nonce (text, nonce, issued))
    return FALSE;
  nonce_mac (book, nonce, mac);
  return CRYPTO_memcmp (mac, nonce + BODY_SIZE, MAC_SIZE) == 0;
}

/**
 * nonce_book_check:
 * @book: the book
 * @nonce: the nonce of a phone's credentials
 * @nc: their nonce count; 0 without qop, when a nonce serves once
 *
 * To be asked before the response is verified. A stale nonce with a right response gets a new
 * challenge with stale=true, which saves the phone from asking its user (RFC 7616 §3.3).
 *
 * Returns: %NONCE_FRESH; %NONCE_STALE when it is too old or its count was used; %NONCE_FOREIGN when
 *   it is none of ours, as after a restart
 */
NonceVerdict
nonce_book_check (NonceBook *book, const gchar *nonce, guint32 nc)
{
  gint64 issued;
  Use *use;

  if (!nonce_issued (book, nonce, &issued))
    return NONCE_FOREIGN;
  if (clock_now () - issued > book->lifetime)
    return NONCE_STALE;
  use = g_hash_table_lookup (book->used, nonce);
  if (use)
    return nc > use->nc ? NONCE_FRESH : NONCE_STALE;
  return issued > book->forgotten ? NONCE_FRESH : NONCE_STALE;
}

static void
forget_oldest (NonceBook *book)
{
  Use *use = g_queue_pop_head (&book->oldest);

  book->forgotten = MAX (book->forgotten, use->issued);
  g_hash_table_remove (book->used, use->nonce);
}

/**
 * nonce_book_spend:
 * @book: the book
 * @nonce: a nonce that nonce_book_check() found fresh
 * @nc: its count
 *
 * To be called once the response is found right, so that a stranger cannot spend a phone's nonce.
 */
void
nonce_book_spend (NonceBook *book, const gchar *nonce, guint32 nc)
{
  Use *use = g_hash_table_lookup (book->used, nonce);
  guchar bytes[NONCE_SIZE];
  gint64 issued;

  if (use) {
    use->nc = MAX (use->nc, nc);
    return;
  }
  if (!read_nonce (nonce, bytes, &issued))
    return;
  use = g_new0 (Use, 1);
  use->nonce = g_strdup (nonce);
  use->issued = issued;
  use->nc = nc;
  g_hash_table_insert (book->used, use->nonce, use);
  g_queue_push_tail (&book->oldest, use);
  while (g_queue_get_length (&book->oldest) > book->max_used)
    forget_oldest (book);
}
