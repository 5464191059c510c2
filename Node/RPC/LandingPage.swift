/// The page that a person sees who opens the node's address: what this is, how the node is now, where to go on. It
/// loads nothing from elsewhere and sets texts as texts, never as markup.
enum LandingPage {
    static let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Commonwatt node</title>
        <style>
        :root { color-scheme: light dark; --ink: #1d2b24; --paper: #f6f8f4; --card: #fff; --green: #1f7a4d; --line: #d9e2da;
          --muted: #5a6b61; --warn: #9a5b00 }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4ece6; --paper: #121915; --card: #1a231e; --green: #58c78f;
          --line: #2c3a32; --muted: #9bb0a3; --warn: #f0b35a } }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
        main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
        h1 { font-size: 1.7rem; margin: 0 0 .3rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
        .lead { color: var(--muted); margin: 0 0 1.5rem }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: 1.1rem 1.25rem }
        #summary { font-weight: 600 } #summary.good { color: var(--green) } #summary.bad { color: var(--warn) }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: .8rem 0 0 }
        dt { color: var(--muted) } dd { margin: 0; overflow-wrap: anywhere } a { color: var(--green) }
        code { font-size: .92em; overflow-wrap: anywhere } li { margin: .25rem 0 } ul { padding-left: 1.3rem } .look { color: var(--warn) }
        @media (max-width: 30rem) { main { padding-top: 1.5rem } dl { gap: .3rem .8rem } dt.long, dd.long { grid-column: 1 / -1 } }
        </style>
        </head>
        <body>
        <main>
        <h1>Commonwatt node</h1>
        <p class="lead">One of the nodes that together keep the record of an energy community network: who may do what, which
        readings were anchored, how each period was settled. No single node is trusted: everything can be checked.</p>
        <section class="card" aria-live="polite">
        <div id="summary">Asking the node&hellip;</div>
        <dl id="facts"></dl>
        </section>
        <h2>What you can do here</h2>
        <ul>
        <li><a href="/openapi.json">The description of the API</a> (OpenAPI), for programs and generated clients</li>
        <li><a href="/v1/status">Status</a>, <a href="/readyz">readiness</a> and <a href="/metrics">metrics</a>, for operators</li>
        <li><a href="/v1/blocks/latest">The newest final block</a> and <a href="/v1/validators">the validators</a></li>
        <li><a href="/v1/contracts">The contracts</a> and their calls, queries and events</li>
        <li><a href="/v1/genesis">The genesis file</a>: with it alone, statements and proofs are checked offline</li>
        </ul>
        <h2>In a terminal</h2>
        <p><code>curl -N <span id="here"></span>/v1/events</code> shows blocks and events as they become final.</p>
        </main>
        <script>
        const summary = document.getElementById("summary"), facts = document.getElementById("facts");
        function show(rows) {
          facts.replaceChildren(...rows.flatMap(([name, value]) => {
            const dt = document.createElement("dt"), dd = document.createElement("dd");
            dt.textContent = name; dd.textContent = value;
            // On a narrow screen a long value has a line of its own.
            for (const part of [dt, dd]) part.className = (String(value).length > 24 ? "long " : "") + (name === "Look at" ? "look" : "");
            return [dt, dd];
          }));
        }
        async function refresh() {
          try {
            const s = await (await fetch("/v1/status", { cache: "no-store" })).json();
            summary.textContent = s.summary; summary.className = s.ready ? "good" : "bad";
            const age = Math.max(0, Math.round((Date.now() - s.finalTime) / 1000));
            show([["Network", s.networkName], ["Run by", s.partner || "an observer"],
              ["Newest final block", s.finalHeight + " (" + age + " s ago)"], ["Epoch", s.epoch],
              ["Peers", s.peers.filter(p => p.connected).length + " of " + s.peers.length + " connected"],
              ["Waiting transactions", s.poolTransactions], ["Version", s.version], ["Network id", s.network],
              ...s.warnings.map(w => ["Look at", w])]);
          } catch (e) {
            summary.textContent = "The node does not answer right now. This page keeps asking.";
            summary.className = "bad";
          }
        }
        document.getElementById("here").textContent = location.origin;
        refresh(); setInterval(refresh, 5000);
        </script>
        </body>
        </html>

        """
}
