/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main: the daemon's command line.
 */
#include "base/log.h"

int
main (int argc, char **argv)
{
  log_init ();
  return 0;
}
