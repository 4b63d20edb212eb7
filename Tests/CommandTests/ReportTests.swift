import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice report`, and the page that a run leaves behind.
  @Suite struct Reports {
    @Test func aRunLeavesAPageThatTheCommandMakesAgain() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let run = try Program.run(small.command("max_steps=4"), ranks: 2)
        try #require(run.status == 0, "\(run)")
        let page = small.run.appendingPathComponent("report.html")
        #expect(try String(contentsOf: page, encoding: .utf8).contains("<h1>run</h1>"))
        // A line is cut, as of a run that was killed.
        try FileManager.default.removeItem(at: page)
        let metrics = small.run.appendingPathComponent("metrics.jsonl")
        try Data(contentsOf: metrics).dropLast(9).write(to: metrics)
        let output = try Program.run(["report", small.run.path, "--json"])
        #expect(output.status == 0 && output.warnings.count == 1, "\(output)")
        let written = try output.object()
        #expect(written["path"] as? String == page.path)
        #expect(try written["bytes"] as? Int == Data(contentsOf: page).count)
        try Self.expectShown(page)
      }
    }

    /// A run still counts as complete where its page cannot be written.
    @Test func aPageThatCannotBeWrittenIsAWarning() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let page = small.run.appendingPathComponent("report.html")
        try FileManager.default.createDirectory(at: page, withIntermediateDirectories: true)
        let output = try Program.run(small.command("max_steps=1"))
        #expect(output.status == 0)
        let words = "warning: \(page.path): cannot be written: Is a directory; the run is complete without it"
        #expect(output.warnings.contains(words), "\(output.warnings)")
      }
    }

    @Test func whatIsNoRunIsOneSentence() throws {
      try withTemporaryFolder { folder in
        let output = try Program.run(["report", folder.path])
        #expect(output.status == 1)
        #expect(
          output.errors == "sluice: \(folder.path) is not the folder of a run: that holds config.yaml, and "
            + "environment.json or metrics.jsonl\n")
        let none = try Program.run(["report", folder.path, "--output", "/none/such.html"])
        #expect(none.errors == "sluice: /none/such.html: cannot be written: No such file or directory\n")
      }
    }

    /// Opens a page in a browser: nothing is wider than a phone, and the console says nothing. Without one: passes.
    private static func expectShown(_ page: URL, sourceLocation: SourceLocation = #_sourceLocation) throws {
      guard Tool.isInstalled("chromium") else {
        print("chromium is not installed: how \(page.path) looks is not tested")
        return
      }
      let folder = page.deletingLastPathComponent()
      for width in [390, 1280] {
        let wrapper = folder.appendingPathComponent("frame-\(width).html")
        try """
        <body><iframe src="\(page.lastPathComponent)" style="width:\(width)px;height:900px;border:0" onload="
        const root = this.contentDocument.documentElement;
          document.title = 'hidden ' + (root.scrollWidth - root.clientWidth) +
        ' plots ' + this.contentDocument.querySelectorAll('svg').length"></iframe></body>
        """.write(to: wrapper, atomically: true, encoding: .utf8)
        let output = try Tool.run([
          "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
          "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=\(folder.path)/browser",
          "--enable-logging=stderr", "--window-size=1400,1000", "--dump-dom", wrapper.absoluteString,
        ])
        let found = try #require(
          output.result.firstMatch(of: /<title>hidden (\d+) plots (\d+)<\/title>/), "\(output)",
          sourceLocation: sourceLocation)
        #expect(found.1 == "0" && Int(found.2)! > 8, "\(found.0)", sourceLocation: sourceLocation)
        #expect(!output.errors.contains("CONSOLE"), "\(output.errors)", sourceLocation: sourceLocation)
      }
    }
  }
}
