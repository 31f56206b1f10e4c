# SPDX-License-Identifier: LGPL-2.1-or-later
sbin_PROGRAMS += src/sipwaked
src_sipwaked_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS) $(SYSTEMD_CFLAGS)
src_sipwaked_SOURCES = \
  src/daemon/push-setup.c src/daemon/push-setup.h \
  src/daemon/media-setup.c src/daemon/media-setup.h \
  src/daemon/edge-registered.c src/daemon/edge-registered.h \
  src/daemon/edge-renewal.c src/daemon/edge-renewal.h \
  src/daemon/edge-trunk.c src/daemon/edge-trunk.h \
  src/daemon/edge-setup.c src/daemon/edge-setup.h \
  src/daemon/room-options.c src/daemon/room-options.h \
  src/daemon/daemon.c src/daemon/daemon.h \
  src/daemon/main.c
src_sipwaked_LDADD = $(LIBMANAGE) $(LIBEDGE) $(SYSTEMD_LIBS)
