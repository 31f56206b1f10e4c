# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is installed beside the programs: configuration, units, user, manual pages.

confdir = $(sysconfdir)/sipwake
sysusersdir = $(prefix)/lib/sysusers.d
catalogdir = $(prefix)/lib/systemd/catalog

dist_conf_DATA = data/sipwake.conf
dist_catalog_DATA = data/sipwake.catalog
systemdsystemunit_DATA = data/sipwaked.service data/sipwaked@.service
sysusers_DATA = data/sysusers/sipwake.conf
dbuspolicydir = $(datadir)/dbus-1/system.d
polkitactionsdir = $(datadir)/polkit-1/actions
bashcompletiondir = $(datadir)/bash-completion/completions
dbusreferencedir = $(docdir)/dbus

dist_dbuspolicy_DATA = data/dbus/org.sipwake.Sipwake1.conf
polkitactions_DATA = data/polkit/org.sipwake.sipwake1.policy
dist_bashcompletion_DATA = data/completion/sipwakectl
dbusreference_DATA = $(DBUS_REFERENCE)
CLEANFILES += $(DBUS_REFERENCE)

# What a client of the bus can rely on, from the same description as the code.
DBUS_REFERENCE = \
  docs/dbus/org.sipwake.Sipwake1.Manager.rst \
  docs/dbus/org.sipwake.Sipwake1.Pbx.rst \
  docs/dbus/org.sipwake.Sipwake1.Account.rst \
  docs/dbus/org.sipwake.Sipwake1.Binding.rst \
  docs/dbus/org.sipwake.Sipwake1.Call.rst
docs/dbus/%.rst: data/dbus/%.xml
	$(AM_V_GEN)$(MKDIR_P) docs/dbus && $(GDBUS_CODEGEN) --generate-rst docs/dbus/reference $< && \
	  mv docs/dbus/reference-$*.rst $@

dist_man_MANS += data/man/sipwakectl.1 data/man/sipwaked.8 data/man/sipwake.conf.5

EXTRA_DIST += data/its/polkit.its data/its/polkit.loc data/org.sipwake.sipwake1.policy
EXTRA_DIST += data/sipwaked.service.in data/sipwake.sysusers docs/examples/certbot-deploy-hook
CLEANFILES += $(systemdsystemunit_DATA) $(sysusers_DATA) $(polkitactions_DATA)

data/sipwaked.service: data/sipwaked.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) data && $(SED) -e 's|@sbindir[@]|$(sbindir)|' -e 's|@TITLE[@]||' \
	  -e 's|@ARGUMENTS[@]||' -e 's|@STATE[@]|sipwake|' $(srcdir)/data/sipwaked.service.in > $@

data/sipwaked@.service: data/sipwaked.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) data && $(SED) -e 's|@sbindir[@]|$(sbindir)|' -e 's|@TITLE[@]| (%i)|' \
	  -e 's|@ARGUMENTS[@]| --config $(confdir)/%i.conf --instance %i|' -e 's|@STATE[@]|sipwake/%i|' \
	  $(srcdir)/data/sipwaked.service.in > $@

# With the texts of all languages; polkit knows a language by the name of its locale, gettext from
# 0.23 on by its tag.
data/polkit/%.policy: data/%.policy po/LINGUAS $(wildcard $(srcdir)/po/*.po)
	$(AM_V_GEN)$(MKDIR_P) data/polkit && \
	  GETTEXTDATADIRS=$(srcdir)/data $(MSGFMT) --xml --template $< -d $(srcdir)/po -o $@.tmp && \
	  $(SED) -e 's|xml:lang="zh-Hans-CN"|xml:lang="zh_CN"|' $@.tmp > $@ && rm -f $@.tmp

# Installed under the package's name, so it takes that name in a folder of its own first.
data/sysusers/sipwake.conf: data/sipwake.sysusers
	$(AM_V_GEN)$(MKDIR_P) data/sysusers && cp $(srcdir)/data/sipwake.sysusers $@

dist_check_SCRIPTS += tests/check-commands.py tests/check-log-ids.py tests/check-manuals.py tests/check-settings.py tests/check-units.py
tests/check-units.log: $(systemdsystemunit_DATA)
