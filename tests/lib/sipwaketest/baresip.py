# SPDX-License-Identifier: LGPL-2.1-or-later
"""baresip: Debian's baresip as a phone that answers by itself."""
import glob
import os
import wave

from .process import Process

CONFIG = """\
poll_method epoll
sip_listen {address}:0
sip_cafile {ca}
sip_verify_server yes
net_interface {address}
module_path {modules}
module g711.so
module aufile.so
module_app account.so
module_app menu.so
audio_source aufile,{sound}
audio_player aufile,{home}/heard.wav
audio_alert aufile,{sound}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
"""


class Baresip(Process):
    """Registers at `domain` through `proxy`, a SIP URI, and takes every call."""

    def __init__(self, stage, user, domain, proxy, ca, address):
        home = os.path.join(stage.path, stage.unique("baresip-home"))
        os.makedirs(home)
        modules = glob.glob("/usr/lib/baresip/modules") + glob.glob("/usr/lib/*/baresip/modules")
        assert modules, "baresip's modules are not below /usr/lib"
        sound = os.path.join(home, "silence.wav")
        with wave.open(sound, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", None))
            file.writeframes(bytes(16000 * 10))
        for name, text in (
                ("config", CONFIG.format(address=address, ca=ca, modules=modules[0], sound=sound,
                                         home=home)),
                ("accounts", f'<sip:{user}@{domain};transport=tls>;auth_user={user};'
                             f'auth_pass=pw{user};outbound="{proxy}";regint=300;'
                             'answermode=auto;audio_codecs=PCMU\n'),
                ("contacts", "")):
            with open(os.path.join(home, name), "w", encoding="utf-8") as file:
                file.write(text)
        super().__init__(stage, "baresip", ["stdbuf", "-oL", "baresip", "-f", home, "-v"],
                         env={"HOME": home})
        stage.own(self)

    def wait_word(self, pattern, timeout=20):
        return self.wait_line(pattern, timeout, lambda: self.output() + self.errors())
