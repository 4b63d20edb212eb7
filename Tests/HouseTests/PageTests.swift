import Foundation
import Testing

/// That what the documentation points to is there, and what the code points to is in the documentation.
@Suite struct PageTests {
  @Test(arguments: Page.all.map(\.path)) func linksLeadSomewhere(path: String) throws {
    let page = try Page(path)
    let folder = Checkout.root.appendingPathComponent(path).deletingLastPathComponent()
    for link in page.prose.joined(separator: "\n").matches(of: /\]\(([^)\s#]*)(?:#([^)\s]+))?\)/) {
      let target = String(link.1)
      guard !target.contains("://") else { continue }
      let file =
        target.isEmpty ? Checkout.root.appendingPathComponent(path) : folder.appendingPathComponent(target)
      #expect(FileManager.default.fileExists(atPath: file.path), "\(path) links to \(target)")
      guard let anchor = link.2, file.pathExtension == "md" else { continue }
      let known = try Page(String(file.standardizedFileURL.path.dropFirst(Checkout.root.path.count + 1)))
        .anchors
      #expect(known.contains(String(anchor)), "\(path) links to \(target)#\(anchor)")
    }
  }

  /// NAME, as in `Sources/Objectives/NAME.swift`, stands for what a reader will write.
  @Test(arguments: Page.all.map(\.path)) func filesThatAreNamedExist(path: String) throws {
    let paths = try Page(path).text.matches(of: /\b(?:Sources|Tests|scripts|configs|docs)\/[\w.\/+-]*\w/)
    for name in Set(paths.map { String($0.0) }) where !name.contains("NAME") {
      #expect(exists(name), "\(path) names \(name)")
    }
  }

  /// In the pages that lead through the code: `Type`, or `Type.member`.
  @Test(arguments: ["docs/architecture.md", "docs/extending.md", "docs/derivations.md"])
  func typesThatAreNamedExist(path: String) throws {
    let sources = try text(of: "Sources") + text(of: "Tests")
    let targets = try Set(Manifest.read().map(\.name) + Manifest.cTargets())
    for name in try Page(path).prose.joined(separator: "\n").matches(of: /`([A-Z]\w*[a-z]\w*)(?:\.(\w+))?`/) {
      let (type, member) = (String(name.1), name.2.map(String.init))
      guard !type.contains("NAME"), !targets.contains(type), member != "swift" else { continue }
      let isDeclared = declares("(?:struct|class|enum|protocol|typealias) \(type)", sources)
      #expect(isDeclared, "\(path) names \(type)")
      guard let member else { continue }
      let isMember = declares("(?:let|var|func|case|struct|enum) \(member)", sources)
      #expect(isMember, "\(path) names \(type).\(member)")
    }
  }

  @Test(arguments: Page.all.map(\.path)) func testsThatAreNamedExist(path: String) throws {
    let page = try Page(path).text
    for name in page.matches(of: /`(\w+Tests)\.(\w+(?:\/\w+)*)`/) {
      let files = Checkout.swiftFiles(in: Checkout.root.appendingPathComponent("Tests/\(name.1)"))
      let sources = try files.map { try String(contentsOf: $0, encoding: .utf8) }
      let parts = name.2.split(separator: "/")
      let suites = parts.prefix { $0.first!.isUppercase }
      #expect(
        sources.contains { source in
          suites.suffix(1).allSatisfy { declares("(?:struct|class|enum|extension) \($0)", source) }
            && parts.dropFirst(suites.count).allSatisfy { declares("func \($0)", source) }
        }, "\(path) names \(name.0)")
    }
    let checks = try text(of: "Tests/RankChecks")
    for check in page.replacing(/\s+/, with: " ").matches(of: /rank check "([^"]+)"/) {
      #expect(checks.contains("\"\(check.1)\""), "\(path) names a \(check.0)")
    }
  }

  @Test func contractsResolve() throws {
    let contracts = Set(try Page("docs/contracts.md").headings.compactMap { $0.split(separator: " ").first })
    try forEachLine(with: "ontract") { line, file in
      for citation in line.matches(of: /[Cc]ontracts? C\d+(?:(?: and| to|,) C\d+)*/) {
        for number in citation.0.matches(of: /C\d+/) {
          #expect(
            contracts.contains(number.0), "\(file) cites \(citation.0), which is not in docs/contracts.md")
        }
      }
    }
  }

  @Test func papersResolve() throws {
    let papers = Set(try Page("docs/papers.md").headings.compactMap { $0.split(separator: " ").first })
    #expect(papers.contains("[K]"))
    // In comments only: in code such brackets hold a type's parameter.
    try forEachLine(with: "//") { line, file in
      guard line.utf8.contains(UInt8(ascii: "[")) else { return }
      for paper in line.matches(of: /[\s(](\[[A-Z]\])/) {
        #expect(papers.contains(paper.1), "\(file) cites \(paper.1), which is not in docs/papers.md")
      }
    }
  }

  /// `docs/derivations.md, "Batch norm"` in code names a heading.
  @Test func sectionsThatCodeNamesExist() throws {
    try forEachLine(with: "docs/") { line, file in
      for citation in line.matches(of: /(docs\/\w+\.md)(?:, "([^"]+)")?/) {
        guard let page = try? Page(String(citation.1)) else {
          Issue.record("\(file) names \(citation.1)")
          continue
        }
        guard let section = citation.2 else { continue }
        #expect(page.headings.contains(section), "\(file) names \(citation.0)")
      }
    }
  }

  // MARK: Looking

  private func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: Checkout.root.appendingPathComponent(path).path)
  }

  private func declares(_ declaration: String, _ source: String) -> Bool {
    source.range(of: "\(declaration)\\b", options: .regularExpression) != nil
  }

  /// Everything that the Swift files in a folder say.
  private func text(of folder: String) throws -> String {
    try Checkout.swiftFiles(in: Checkout.root.appendingPathComponent(folder))
      .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
  }

  /// Calls `body` for every line of the code, its scripts and the documentation that contains `words`, with the file's path.
  private func forEachLine(with words: String, _ body: (Substring, String) throws -> Void) throws {
    let bytes = Data(words.utf8)
    for folder in ["Sources", "Tests", "scripts", "docs", "Plugins"] {
      let root = Checkout.root.appendingPathComponent(folder)
      let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
      for path in paths where !path.hasPrefix("Fixtures") {
        // What is not text cites nothing.
        guard let data = try? Data(contentsOf: root.appendingPathComponent(path)),
          data.range(of: bytes) != nil,
          let text = String(data: data, encoding: .utf8)
        else { continue }
        for line in text.split(separator: "\n") where line.utf8.firstRange(of: words.utf8) != nil {
          try body(line, "\(folder)/\(path)")
        }
      }
    }
  }
}
