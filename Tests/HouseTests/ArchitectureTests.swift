import Foundation
import Testing

/// That docs/architecture.md shows the house as `Package.swift` builds it.
@Suite struct ArchitectureTests {
  private static let page = try! Page("docs/architecture.md")
  private static let targets = try! Manifest.read().filter { target in
    FileManager.default.fileExists(
      atPath: Checkout.root.appendingPathComponent("Sources/\(target.name)").path)
  }

  @Test func everyTargetHasALineInTheHousesOrder() {
    let named = Self.page.section("The house").compactMap { line in
      line.firstMatch(of: /^\| `(\w+)` \|/).map { String($0.1) }
    }
    #expect(named.reversed() == Self.targets.map(\.name))
  }

  @Test func everyCTargetIsListedWithThoseThatSeeIt() throws {
    let lines = Self.page.section("C targets")
    for name in try Manifest.cTargets() {
      let line = lines.first { $0.hasPrefix("| `\(name)` |") } ?? ""
      let named = line.split(separator: "|").last.map { $0.matches(of: /`(\w+)`/).map { String($0.1) } }
      let users = Self.targets.filter { $0.dependencies.contains(name) }.map(\.name)
      #expect(named == users, "\(name)")
    }
  }

  /// An arrow where a target imports another that it does not reach by way of a third.
  @Test func theImageShowsEveryArrow() {
    var reached: [String: Set<String>] = [:]
    var arrows: [String] = []
    for target in Self.targets {
      let imports = target.dependencies.intersection(reached.keys)
      let beyond = imports.reduce(into: Set()) { $0.formUnion(reached[$1, default: []]) }
      let ends = imports.subtracting(beyond).sorted().joined(separator: " & ")
      arrows.append("  \(target.name)" + (ends.isEmpty ? "" : " --> \(ends)"))
      reached[target.name] = imports.union(beyond)
    }
    let image = (["```mermaid", "graph TD"] + arrows.reversed() + ["```"]).joined(separator: "\n")
    let isShown = Self.page.text.contains(image)
    #expect(isShown, "the image of the house should be\n\(image)")
  }
}
