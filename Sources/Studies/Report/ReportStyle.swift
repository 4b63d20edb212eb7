/// How report pages look: one column of text, plots as wide as a phone beside each other, two themes, and paper.
enum ReportStyle {
  static let css: Markup = """
    :root {
      --paper: #ffffff; --ink: #1a1f26; --muted: #5a6573; --rule: #dfe3e8; --wash: #f5f6f8; --warn: #fdf3dc;
      --c0: #22609e; --c1: #c05621; --c2: #2b7a5b; --c3: #87559b; --c4: #a8821b; --c5: #3f97b8; --c6: #b3425f;
      --c7: #6c727b;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14171b; --ink: #e4e8ed; --muted: #98a3b1; --rule: #2c323a; --wash: #1c2026; --warn: #3a3119;
        --c0: #6ba6e0; --c1: #e8925f; --c2: #66b894; --c3: #bf93d2; --c4: #d6b250; --c5: #7cc4de; --c6: #e2839b;
        --c7: #a4abb5;
      }
    }
    @media print {
      :root {
        --paper: #ffffff; --ink: #000000; --muted: #444444; --rule: #cccccc; --wash: #ffffff; --warn: #ffffff;
        --c0: #22609e; --c1: #c05621; --c2: #2b7a5b; --c3: #87559b; --c4: #a8821b; --c5: #3f97b8; --c6: #b3425f;
        --c7: #6c727b;
      }
      figure, tr, li { break-inside: avoid; }
      h2, h3 { break-after: avoid; }
      figure details { display: none; }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--paper); color: var(--ink); font-variant-numeric: tabular-nums;
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
    }
    main { max-width: 1144px; margin: 0 auto; padding: 32px 16px 48px; }
    h1 { font-size: 28px; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
    h2 { font-size: 19px; margin: 0 0 8px; padding-top: 20px; border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
    h3 { font-size: 15px; margin: 20px 0 8px; }
    section { margin-top: 36px; }
    .kind { margin: 0 0 4px; color: var(--muted); font-size: 13px; }
    .lead { margin: 4px 0 12px; color: var(--muted); max-width: 75ch; overflow-wrap: anywhere; }
    .notice { margin: 12px 0 0; padding: 8px 12px; background: var(--warn); border-left: 3px solid var(--c4); overflow-wrap: anywhere; }
    .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 20px 24px; margin: 16px 0 0; }
    .cards div { min-width: 0; }
    .cards dt { color: var(--muted); font-size: 13px; }
    .cards dd { margin: 0; font-size: 27px; line-height: 1.25; font-weight: 600; letter-spacing: -0.01em; }
    .cards .detail { font-size: 13px; font-weight: 400; letter-spacing: 0; color: var(--muted); }
    .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 28px 28px; }
    .figures:has(.wide) { grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); }
    figure { margin: 0; min-width: 0; }
    figcaption { font-weight: 600; margin-bottom: 6px; }
    .note { margin: 2px 0 0; color: var(--muted); font-size: 13px; }
    .gap { height: 20px; }
    svg { display: block; width: 100%; height: auto; overflow: visible; }
    .swatch { display: inline-block; width: 18px; height: 8px; margin-right: 6px; vertical-align: middle; }
    .legend { display: block; margin-top: 4px; }
    .key { display: inline-block; margin-right: 16px; }
    .t { font-size: 11px; fill: var(--muted); paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
    .cell { font-size: 11px; fill: var(--ink); }
    .dark { fill: var(--paper); }
    .title { font-size: 11px; }
    .name { font-weight: 600; }
    .number { fill: var(--ink); }
    .grid, .zero, .tick, .axis { stroke: var(--rule); stroke-width: 1; fill: none; }
    .zero, .axis, .tick { stroke: var(--muted); stroke-opacity: .6; }
    .level { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 4 3; fill: none; }
    .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
    .dashed { stroke-dasharray: 5 3; }
    .hollow { fill: var(--paper); stroke-width: 2; }
    rect { shape-rendering: crispEdges; }
    .strip { fill: var(--wash); }
    .area { fill-opacity: .75; }
    .shade { fill-opacity: .2; }
    .several .shade { fill-opacity: .1; }
    .stem { stroke: var(--c0); stroke-width: 1.6; stroke-opacity: .6; }
    .s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); }
    .s4 { stroke: var(--c4); } .s5 { stroke: var(--c5); } .s6 { stroke: var(--c6); } .s7 { stroke: var(--c7); }
    .f0 { fill: var(--c0); } .f1 { fill: var(--c1); } .f2 { fill: var(--c2); } .f3 { fill: var(--c3); }
    .f4 { fill: var(--c4); } .f5 { fill: var(--c5); } .f6 { fill: var(--c6); } .f7 { fill: var(--c7); }
    details { margin-top: 6px; }
    summary { cursor: pointer; color: var(--muted); font-size: 13px; }
    .scroll { overflow-x: auto; max-height: 420px; overflow-y: auto; margin-top: 6px; }
    table { border-collapse: collapse; font-size: 13px; }
    th, td { padding: 3px 14px 3px 0; text-align: left; vertical-align: top; white-space: nowrap; border-bottom: 1px solid var(--rule); }
    th { font-weight: 600; color: var(--muted); position: sticky; top: 0; background: var(--paper); }
    .n { text-align: right; }
    pre { background: var(--wash); padding: 12px; overflow-x: auto; font: 12.5px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    .path { color: var(--muted); font-size: 13px; overflow-wrap: anywhere; }
    .pictures { display: flex; flex-wrap: wrap; gap: 12px; list-style: none; margin: 0; padding: 0; }
    .pictures li { width: 88px; font-size: 12px; line-height: 1.3; }
    .pictures img, .missing { display: block; width: 88px; height: 88px; object-fit: contain; background: var(--wash); image-rendering: pixelated; }
    .missing { padding: 6px; overflow: hidden; overflow-wrap: anywhere; color: var(--muted); }
    .run { margin: 8px 0; } .run > summary { font-size: 15px; color: var(--ink); font-weight: 600; }
    .run section { margin-top: 20px; }
    .class { margin-top: 4px; }
    .class, .share { display: block; overflow-wrap: anywhere; }
    .share { color: var(--muted); }
    footer { margin-top: 48px; color: var(--muted); font-size: 13px; }
    """
}
