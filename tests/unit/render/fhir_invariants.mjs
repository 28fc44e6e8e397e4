// SPDX-License-Identifier: Apache-2.0
// node fhir_invariants.mjs MODULES EXAMPLES: evaluates the rules of FR Core patient-ins on what was rendered. Every
// rule first proves on a broken copy of a good resource that it bites. The expressions are those that FR Core publishes
// for its releases 2.1.0 and 2.2.0 (fr-core-1, -2, -3, identity-reliability-1, -2), the cardinalities our own.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(process.argv[2] + '/package.json');
const fhirpath = require('fhirpath');
const r4 = require('fhirpath/fhir-context/r4');
const examples = JSON.parse(readFileSync(process.argv[3], 'utf8'));

const core = 'https://hl7.fr/ig/fhir/core/StructureDefinition/';
const reliability = `extension('${core}fr-core-identity-reliability')`;
const status = (code) => `${reliability}.extension('identityStatus').value.exists(code = '${code}')`;
const ins = (n, use) => `identifier.where(system = 'urn:oid:1.2.250.1.213.1.4.${n}' and use = '${use}').exists()`;
const comment = (code) => `extension('comment').value.coding.exists(code = '${code}')`;

const rules = [
  ['fr-core-1', '2.1.0', `${status('VALI')} implies (${ins(8, 'official')} or ${ins(9, 'temp')} or ${ins(10, 'official')} or ${ins(11, 'official')})`,
    (p) => { p.identifier = p.identifier.filter((i) => i.use === 'usual'); }],
  ['fr-core-1', '2.2.0', `${status('QUAL')} implies (${[8, 9, 10, 11].map((n) => ins(n, 'official')).join(' or ')})`,
    (p) => { p.identifier = p.identifier.filter((i) => i.use === 'usual'); }],
  ['fr-core-2', '2.1.0', `${status('VALI')} implies (identifier.where(use = 'official').count() = 1 or ${ins(9, 'temp')})`,
    (p) => { p.identifier.push(p.identifier[0]); }],
  ['fr-core-2', '2.2.0', `${status('QUAL')} implies identifier.where(use = 'official').count() = 1`,
    (p) => { p.identifier.push(p.identifier[0]); }],
  ['fr-core-3', '2.2.0', `${status('QUAL')} implies extension('http://hl7.org/fhir/StructureDefinition/patient-birthPlace').value.extension.value.where(code = '99999').empty()`,
    (p) => { p.extension[1].valueAddress.extension[0].valueCoding.code = '99999'; }],
  ['identity-reliability-1', '2.2.0', `${reliability}.all((${comment('DOUT')} or ${comment('FICT')}) implies extension('identityStatus').value.exists(code = 'PROV'))`,
    (p) => { p.extension[0].extension.push({ url: 'comment', valueCodeableConcept: { coding: [{ code: 'DOUT' }] } }); }],
  ['identity-reliability-2', '2.2.0', `${reliability}.all(${comment('FICT')} implies ${comment('DOUT')}.not())`,
    (p) => { for (const code of ['FICT', 'DOUT']) p.extension[0].extension.push({ url: 'comment', valueCodeableConcept: { coding: [{ code }] } }); }],
  // cardinalities of patient-ins
  ['one official name', '*', "name.where(use = 'official').count() = 1 and name.where(use = 'official').given.count() = 1", (p) => { p.name[0].given.push('X'); }],
  ['list of given names', '*', `name.where(use = 'official').extension('${core}fr-core-patient-birth-list-given-name').value.ofType(string).count() = 1`, (p) => { delete p.name[0].extension; }],
  ['gender', '*', "gender.count() = 1 and (gender = 'male' or gender = 'female' or gender = 'unknown')", (p) => { p.gender = 'other'; }],
  ['birth date', '*', 'birthDate.count() = 1 and birthDate.toDate().exists()', (p) => { p.birthDate = '1960-31-12'; }],
  ['birth place', '*', `extension('http://hl7.org/fhir/StructureDefinition/patient-birthPlace').value.extension('${core}fr-core-address-insee-code').value.code.count() = 1`, (p) => { p.extension.splice(1, 1); }],
  ['identifier', '*', 'identifier.exists() and identifier.all(system.exists() and value.exists() and use.exists())', (p) => { delete p.identifier; }],
  ['a number only with the status that entitles', '2.1.0', `identifier.where(system.startsWith('urn:oid:1.2.250.1.213.1.4.')).exists() implies ${status('VALI')}`,
    (p) => { p.extension[0].extension.find((e) => e.url === 'identityStatus').valueCoding.code = 'PROV'; }],
  ['a number only with the status that entitles', '2.2.0', `identifier.where(system.startsWith('urn:oid:1.2.250.1.213.1.4.')).exists() implies ${status('QUAL')}`,
    (p) => { p.extension[0].extension.find((e) => e.url === 'identityStatus').valueCoding.code = 'RECUP'; }],
];

let broken = 0;
let judged = 0;
const holds = (patient, expression) => {
  const result = fhirpath.evaluate(patient, expression, null, r4);
  return result.length === 1 && result[0] === true;
};
const say = (text) => { console.log(text); broken += 1; };

for (const [name, release, expression, breakIt] of rules) {
  const mine = examples.filter((e) => (release === '*' || e.release === release)
    && e.patient.meta.profile[0] === core + 'fr-core-patient-ins');
  const good = mine.find((e) => e.kind === 'qualified' && !e.test);
  const copy = structuredClone(good.patient);
  breakIt(copy);
  if (holds(copy, expression)) say(`${name} (${release}) does not bite`);
  for (const { kind, test, release: of, patient } of mine) {
    judged += 1;
    if (!holds(patient, expression)) say(`${name} (${release}): ${kind} ${of}${test ? ' test' : ''} breaks it`);
  }
}
for (const { kind, test, release, patient } of examples) {
  const marked = holds(patient, "meta.security.where(code = 'HTEST').exists()");
  if (marked !== Boolean(test)) say(`${kind} ${release}: the mark of tests is wrong`);
}
console.log(`${examples.length} resources, ${judged} judgements, ${broken} broken`);
process.exit(broken === 0 && judged > 100 ? 0 : 1);
