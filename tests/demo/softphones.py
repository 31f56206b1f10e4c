# SPDX-License-Identifier: LGPL-2.1-or-later
"""softphones: two real phones from Debian, configured for a machine without a sound card.

Linphone is the phone that sleeps: it can carry RFC 8599's parameters in its Contact. Baresip is
the caller: another SIP stack, another media stack, registered straight at the PBX.
"""
import glob
import os
import signal
import uuid

LINPHONE = """\
[sip]
sip_port=-1
sip_tcp_port=-2
sip_tls_port=0
use_ipv6=0
default_proxy=0
register_only_when_network_is_up=0
auto_net_state_mon=0

[misc]
uuid={identity}

[rtp]
audio_rtp_port=-1

[auth_info_0]
username={user}
passwd={password}
realm={domain}
domain={domain}

[proxy_0]
reg_proxy={proxy}
reg_route={proxy}
reg_identity=sip:{user}@{domain}
reg_expires=3600
reg_sendregister=1
publish=0
contact_uri_parameters={contact_parameters}
push_notification_allowed=0
remote_push_notification_allowed=0
"""

BARESIP = """\
poll_method epoll
sip_listen {address}:0
net_interface {address}
call_local_timeout 60
audio_source aufile,{tone}
audio_alert aufile,/dev/null
snd_path {recordings}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_buffer 20-160
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
{modules_more}module_app account.so
module_app menu.so
"""


class Linphone:
    """linphonec; started anew for each awakening, with the same identity every time."""

    name = "linphone"

    def __init__(self, stage, account, contact_parameters, tone, more=""):
        self.stage = stage
        self.tone = tone
        self.home = os.path.join(stage.directory, self.name)
        self.recording = os.path.join(self.home, "heard.wav")
        self.config = os.path.join(self.home, "linphonerc")
        # It keeps its identity in a data base here and does not make the folder itself.
        os.makedirs(os.path.join(self.home, ".local", "share", "linphone"))
        # Written here, since it is killed before it would write an identity of its own.
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(LINPHONE.format(contact_parameters=contact_parameters,
                                       identity=uuid.uuid4(), **account) + more)

    def start(self):
        self.stage.start(self.name, ["stdbuf", "-oL", "linphonec", "-c", self.config],
                         {"HOME": self.home, "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "",
                          "TERM": "dumb"})
        self.stage.tell(self.name, "soundcard use files")
        self.stage.tell(self.name, f"record {self.recording}")

    def answer(self):
        self.stage.tell(self.name, "answer")

    def speak(self):
        """Plays its tone. Once the sound flows, not before: Linphone 5.3 forgets it otherwise."""
        self.stage.tell(self.name, f"play {self.tone}")

    def fall_asleep(self):
        """No de-registration, no farewell: as a phone whose system stops the application."""
        self.stage.end(self.name, signal.SIGKILL)


class Baresip:
    """baresip; dials once it runs and hangs up when told."""

    name = "baresip"

    def __init__(self, stage, account, tone, address="127.0.0.1", name=name, more="",
                 modules_more=""):
        self.stage = stage
        self.name = name
        self.home = os.path.join(stage.directory, self.name)
        self.recordings = os.path.join(self.home, "heard")
        os.makedirs(self.recordings)
        modules = glob.glob("/usr/lib/baresip/modules") + glob.glob("/usr/lib/*/baresip/modules")
        if not modules:
            raise FileNotFoundError("baresip's modules are not below /usr/lib")
        self._write("config", BARESIP.format(tone=tone, recordings=self.recordings,
                                             modules=modules[0], address=address,
                                             modules_more=modules_more))
        self._write("accounts", '<sip:{user}@{domain}>;auth_user={user};auth_pass={password}'
                    ';outbound="{proxy}";regint=300;audio_codecs=PCMU{more}\n'
                    .format(more=more, **account))
        self._write("contacts", "")

    def _write(self, name, text):
        with open(os.path.join(self.home, name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *commands):
        self.stage.start(self.name, ["stdbuf", "-oL", "baresip", "-f", self.home, *commands],
                         {"HOME": self.home})

    def dial(self, target):
        self.start("-e", f"/dial {target}")

    def hang_up(self):
        self.stage.send(self.name, signal.SIGINT)

    @property
    def recording(self):
        found = glob.glob(os.path.join(self.recordings, "*dec.wav"))
        return found[0] if found else os.path.join(self.recordings, "none")
