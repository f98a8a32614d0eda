#!/usr/bin/env node
'use strict'
// The real plugin as a host whose application does what each payment says: the contract of tests/conformance/README.md.
// node payee.js --btp-port P --token T --max-balance M [--prefix p.] [--max-seconds 600]; JSON lines: listening, error
const L = require('./lib'); const IlpPacket = require('ilp-packet')
L.loopbackOnly(); const Plugin = require('ilp-plugin-payment-channel-framework'); const ObjStore = require('ilp-plugin-payment-channel-framework/src/model/in-memory-store')
const o = L.args({ 'btp-port': 9000, token: '', 'max-balance': '1000000', prefix: 'example.payee.', 'max-seconds': 600 })
const emit = (event, x) => process.stdout.write(JSON.stringify(Object.assign({ event }, x)) + '\n')
const failed = where => e => emit('error', { where, message: e && e.message && e.message.slice(0, 200) })
// Without these two the process would end: one more defect, which would hide the others.
process.on('unhandledRejection', failed('unhandled rejection')); process.on('uncaughtException', failed('uncaught exception'))
setTimeout(() => process.exit(0), o['max-seconds'] * 1000)
const plugin = new Plugin({ listener: { port: o['btp-port'] }, incomingSecret: o.token, maxBalance: String(o['max-balance']), prefix: o.prefix, info: { currencyScale: 9, currencyCode: 'XRP', prefix: o.prefix, connectors: [] }, _store: new ObjStore() })
plugin.connect().then(() => {
  const us = plugin.getAccount(); const them = plugin.getPeerAccount()
  plugin.on('incoming_prepare', t => {
    let payment; try { payment = IlpPacket.deserializeIlpPayment(Buffer.from(t.ilp, 'base64')) } catch (e) { return }
    switch (payment.account.split('.').pop()) {
      case 'fulfill': return plugin.fulfillCondition(t.id, L.b64u(Buffer.from(payment.data, 'base64'))).catch(failed('fulfill'))
      case 'reject': return plugin.rejectIncomingTransfer(t.id, { code: 'F00', name: 'Bad Request', message: 'asked for', triggered_by: us, triggered_at: new Date(), forwarded_by: [], additional_info: {} }).catch(failed('reject'))
    }
  })
  plugin.registerRequestHandler(async m => {
    const pay = m.custom && m.custom.pay; if (!pay) throw new Error('only a `pay` is answered')
    plugin.sendTransfer({ id: pay.id, from: us, to: them, ledger: o.prefix, amount: pay.amount, expiresAt: pay.expiresAt, executionCondition: L.b64u(Buffer.from(pay.condition, 'hex')), custom: {} }).catch(failed('pay'))
    return { to: them, from: us, ledger: o.prefix, custom: { pay: 'sent' } }
  })
  plugin._listener.server.address() ? emit('listening', {}) : plugin._listener.server.once('listening', () => emit('listening', {}))
}).catch(failed('connect'))
