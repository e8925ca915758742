// What libraries that partners use on Node.js say to messages. It reads
// {host, cases: [{kind, secret, headers, body}]} and writes for each case null or why it is refused.
const { Webhook } = require('standardwebhooks')
const MessageValidator = require('sns-validator')

const { host, cases } = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const ofHost = new MessageValidator(new RegExp('^' + host.replace(/[.]/g, '\\.') + '$'))

const judge = {
  webhook: async ({ secret, headers, body }) => new Webhook(secret).verify(body, headers),
  sns: ({ body }) => new Promise((resolve, reject) => ofHost.validate(body, (error, message) => (error ? reject(error) : resolve(message)))),
}

Promise.all(cases.map((c) => judge[c.kind](c).then(() => null, (error) => String(error.message || error))))
  .then((said) => process.stdout.write(JSON.stringify(said)))
