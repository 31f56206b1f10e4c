/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * key-file: a secret on the disk that only we may read.
 *
 * A file appears complete or not at all, and one that is there is never overwritten: two daemons
 * that start at once end with the same key.
 */
#include "crypto/key-file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE 65536

static gboolean
fail_errno (GError **error, const gchar *path, const gchar *what)
{
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "%s: %s: %s", path, what,
               g_strerror (errno));
  return FALSE;
}

static gboolean
check_privacy (int fd, const gchar *path, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return fail_errno (error, path, "cannot be examined");
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED, "%s: not a regular file", path);
    return FALSE;
  }
  if (status.st_mode & 077) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED,
                 "%s: others may read or write it (mode %04o); it must be 0600", path,
                 status.st_mode & 07777);
    return FALSE;
  }
  if (status.st_size > MAX_SIZE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "%s: larger than any key", path);
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_all (int fd, GByteArray *content, const gchar *path, GError **error)
{
  guint8 buffer[4096];
  gssize n;

  while (content->len <= MAX_SIZE) {
    n = read (fd, buffer, sizeof buffer);
    if (n == 0)
      return TRUE;
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail_errno (error, path, "cannot be read");
    g_byte_array_append (content, buffer, n);
  }
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "%s: larger than any key", path);
  return FALSE;
}

/**
 * key_file_load:
 * @path: where it lies
 * @error: where an error goes; SIPWAKE_ERROR_NOT_FOUND when there is no file
 *
 * Refuses a file that the group or the world may touch, and anything but a regular file.
 *
 * Returns: (transfer full) (nullable): its content
 */
GBytes *
key_file_load (const gchar *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  g_autoptr (GByteArray) content = g_byte_array_new ();
  gboolean good;

  if (fd < 0 && errno == ENOENT) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_NOT_FOUND, "%s: there is no such file", path);
    return NULL;
  }
  if (fd < 0 && errno == EACCES) {
    const gchar *us = g_get_user_name ();

    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED,
                 "%s: the user %s may not read it; it must belong to that user (chown %s)", path, us,
                 us);
    return NULL;
  }
  if (fd < 0) {
    fail_errno (error, path, "cannot be opened");
    return NULL;
  }
  good = check_privacy (fd, path, error) && read_all (fd, content, path, error);
  close (fd);
  return good ? g_byte_array_free_to_bytes (g_steal_pointer (&content)) : NULL;
}

static gboolean
write_all (int fd, GBytes *content)
{
  gsize size, done = 0;
  const guint8 *data = g_bytes_get_data (content, &size);

  while (done < size) {
    gssize n = write (fd, data + done, size - done);

    if (n < 0 && errno != EINTR)
      return FALSE;
    done += MAX (n, 0);
  }
  return fsync (fd) == 0;
}

static void
sync_directory (const gchar *path)
{
  g_autofree gchar *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

/**
 * key_file_create:
 * @path: where it shall lie
 * @content: what it shall hold
 * @error: where an error goes
 *
 * Writes it with mode 0600. A file that is already there stays as it is, and that is no error:
 * load it afterwards.
 *
 * Returns: whether there is a file now
 */
gboolean
key_file_create (const gchar *path, GBytes *content, GError **error)
{
  g_autofree gchar *draft = g_strconcat (path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full (draft, O_WRONLY | O_CLOEXEC, 0600);
  gboolean good;

  if (fd < 0)
    return fail_errno (error, path, "cannot be made");
  good = write_all (fd, content) || fail_errno (error, path, "cannot be written");
  close (fd);
  /* link() fails where rename() would replace what another daemon made meanwhile. */
  if (good && link (draft, path) != 0 && errno != EEXIST)
    good = fail_errno (error, path, "cannot be made");
  g_unlink (draft);
  sync_directory (path);
  return good;
}
