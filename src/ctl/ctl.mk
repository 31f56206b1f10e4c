# SPDX-License-Identifier: LGPL-2.1-or-later
bin_PROGRAMS += src/sipwakectl
src_sipwakectl_CPPFLAGS = $(AM_CPPFLAGS) -DSBINDIR=\"$(sbindir)\"
src_sipwakectl_SOURCES = \
  src/ctl/ctl-session.c src/ctl/ctl-session.h \
  src/ctl/ctl-json.c src/ctl/ctl-json.h \
  src/ctl/ctl-table.c src/ctl/ctl-table.h \
  src/ctl/ctl-list.c src/ctl/ctl-list.h \
  src/ctl/ctl-ladder.c src/ctl/ctl-ladder.h \
  src/ctl/ctl-daemon.c src/ctl/ctl-daemon.h \
  src/ctl/ctl-password.c src/ctl/ctl-password.h \
  src/ctl/ctl-accounts.c src/ctl/ctl-accounts.h \
  src/ctl/ctl-bindings.c src/ctl/ctl-bindings.h \
  src/ctl/ctl-push.c src/ctl/ctl-push.h \
  src/ctl/ctl-calls.c src/ctl/ctl-calls.h \
  src/ctl/ctl-monitor.c src/ctl/ctl-monitor.h \
  src/ctl/sipwakectl.c
src_sipwakectl_LDADD = $(LIBBASE) $(LIBINTL)
