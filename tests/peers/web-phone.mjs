// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A browser's phone under node: JsSIP or SIP.js as it is published, on a WebSocket of node's kind and
// with sound that is nothing but SDP. It writes one word a line of what happens, and takes "call USER"
// and "bye" from its input.
//
// web-phone.mjs LIBRARY MODULES URL USER DOMAIN
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [library, modules, server, user, domain] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const say = (...words) => process.stdout.write(words.join(' ') + '\n');
const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.3\r\ns=web\r\nc=IN IP4 192.0.2.3\r\nt=0 0\r\n' +
  'm=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n';
const orders = {};

globalThis.window = globalThis;
globalThis.WebSocket = require('ws');

// What JsSIP asks of a browser's WebRTC.
globalThis.RTCSessionDescription = class {
  constructor(description) { Object.assign(this, description); }
};
globalThis.RTCPeerConnection = class {
  constructor() {
    this.iceGatheringState = 'complete';
    this.iceConnectionState = 'connected';
    this.signalingState = 'stable';
  }
  addEventListener() {}
  removeEventListener() {}
  addTrack() {}
  getSenders() { return []; }
  close() {}
  async createOffer() { return { type: 'offer', sdp }; }
  async createAnswer() { return { type: 'answer', sdp }; }
  async setLocalDescription(description) { this.localDescription = description; }
  async setRemoteDescription(description) {
    this.remoteDescription = description;
    say('described', description.type);
  }
};

function jssip() {
  const JsSIP = require('jssip');
  const socket = new JsSIP.WebSocketInterface(server);
  const mediaStream = { getTracks: () => [], getAudioTracks: () => [], getVideoTracks: () => [] };
  const ua = new JsSIP.UA({
    sockets: [socket], uri: `sip:${user}@${domain}`, password: `pw${user}`,
    register_expires: 600, session_timers: false,
  });
  ua.on('registered', () => say('registered'));
  ua.on('registrationFailed', ({ cause }) => say('refused', cause));
  ua.on('newRTCSession', ({ session, originator }) => {
    orders.bye = () => session.terminate();
    session.on('confirmed', () => say('confirmed'));
    session.on('ended', () => say('ended'));
    session.on('failed', ({ cause }) => say('failed', cause));
    if (originator === 'remote') {
      say('invited');
      session.answer({ mediaStream });
    }
  });
  orders.call = (callee) => ua.call(`sip:${callee}@${domain}`, { mediaStream });
  ua.start();
}

async function sipjs() {
  const { Inviter, Registerer, RegistererState, SessionState, UserAgent } =
    await import(pathToFileURL(require.resolve('sip.js')));
  const handler = {
    close() {},
    hasDescription: (type) => type === 'application/sdp',
    getDescription: async () => ({ body: sdp, contentType: 'application/sdp' }),
    setDescription: async () => say('described'),
    holdModifier: async (description) => description,
    rollbackDescription: async () => {},
    sendDtmf: () => false,
  };
  const watch = (session) => {
    orders.bye = () => session.bye();
    session.stateChange.addListener((state) => {
      if (state === SessionState.Established) say('confirmed');
      if (state === SessionState.Terminated) say('ended');
    });
  };
  const ua = new UserAgent({
    uri: UserAgent.makeURI(`sip:${user}@${domain}`), transportOptions: { server },
    authorizationUsername: user, authorizationPassword: `pw${user}`,
    sessionDescriptionHandlerFactory: () => handler, logBuiltinEnabled: false,
    delegate: {
      onInvite: (invitation) => {
        say('invited');
        watch(invitation);
        invitation.accept();
      },
    },
  });
  orders.call = (callee) => {
    const inviter = new Inviter(ua, UserAgent.makeURI(`sip:${callee}@${domain}`));
    watch(inviter);
    inviter.invite();
  };
  await ua.start();
  const registerer = new Registerer(ua, { expires: 600 });
  registerer.stateChange.addListener((state) => {
    if (state === RegistererState.Registered) say('registered');
  });
  registerer.register();
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, argument] = line.split(' ');
  orders[order](argument);
}).on('close', () => process.exit(0));

await (library === 'jssip' ? jssip() : sipjs());
