// Reads a trace with TracerBench's model of Chrome's format, which is not ours, and prints what it has found on each track.
const {buildModel} = require('@tracerbench/trace-model');
const trace = buildModel(JSON.parse(require('fs').readFileSync(process.argv[2])));
for (const p of trace.processes) {
  for (const t of p.threads) {
    const slices = t.events.filter((e) => e.ph === 'X').length;
    if (!t.name) throw new Error('a track without a name');
    console.log(`${p.name} ${t.name}: ${slices} slices, ${t.events.length} events`);
  }
}
