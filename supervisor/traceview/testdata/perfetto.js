// Reads a trace with TracerBench's model of Chrome's format, which is not ours: each track has a name, slices of a track do not overlap, and each flow arrow
// leads from one slice to another that is not earlier. Prints what it has found on each track.
const {buildModel} = require('@tracerbench/trace-model');
const text = require('fs').readFileSync(process.argv[2], 'utf8');
const check = (ok, what) => { if (!ok) throw new Error(what); };
const ends = {s: new Map(), f: new Map()};
let slices = 0;
for (const p of buildModel(JSON.parse(text)).processes) {
  for (const t of p.threads) {
    const here = t.events.filter((e) => e.ph === 'X').sort((a, b) => a.start - b.start);
    check(t.name, `track ${t.id} without a name`);
    here.forEach((e, i) => check(i === 0 || here[i - 1].end < e.start + 1e-4, `${t.name}: ${e.name} at ${e.start} begins within another slice`));
    for (const e of t.events.filter((e) => e.ph in ends)) {
      const id = e.traceEvent.id;
      check(here.some((x) => x.start <= e.start && e.start < x.end), `${t.name}: arrow ${id} is at no slice`);
      check(!ends[e.ph].has(id), `arrow ${id} twice`);
      ends[e.ph].set(id, e.start);
    }
    slices += here.length;
    console.log(`${p.name} ${t.name}: ${here.length} slices, ${t.events.length} events`);
  }
}
check(slices === text.split('"ph":"X"').length - 1 && slices > 1, `${slices} slices were read`);
check(ends.s.size === ends.f.size && ends.s.size > 0, `${ends.s.size} arrows begin and ${ends.f.size} end`);
for (const [id, at] of ends.s) check(ends.f.get(id) >= at, `arrow ${id} leads nowhere, or back in time`);
