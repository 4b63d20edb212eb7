import Foundation
import Testing

/// That the manifest says what the code imports: no more, no less, and nothing that stands above.
@Suite struct ImportTests {
  private static let targets = try! Manifest.read()
  private static let house = targets.map(\.name)

  /// Modules that come with the toolchain.
  private static let toolchain: Set = [
    "Foundation", "FoundationEssentials", "Synchronization", "Testing", "RegexBuilder", "json",
  ]

  @Test func theManifestListsTheHouse() {
    #expect(Self.house.count > 30)
    #expect(Self.house.contains("Foundations") && Self.house.contains("sluice"))
  }

  @Test(arguments: targets) func importsAreDeclared(target: Manifest.Target) throws {
    let imports = try target.imports().subtracting(Self.toolchain)
    #expect(imports.subtracting(target.dependencies).sorted() == [], "imported, not in Package.swift")
    #expect(target.dependencies.subtracting(imports).sorted() == [], "in Package.swift, never imported")
  }

  @Test(arguments: targets) func importsPointDownwards(target: Manifest.Target) throws {
    let place = try #require(Self.house.firstIndex(of: target.name))
    let above = target.dependencies.filter { name in
      Self.house.firstIndex(of: name).map { $0 > place } ?? false
    }
    #expect(above.sorted() == [], "listed below \(target.name) in Package.swift, so it may not use them")
  }
}

/// `Package.swift` as text: its targets in their order.
struct Manifest {
  struct Target: Sendable, CustomTestStringConvertible {
    let name: String
    let dependencies: Set<String>
    var testDescription: String { name }

    /// Modules that the target's Swift files import.
    func imports() throws -> Set<String> {
      let folders = ["Sources", "Tests"].map { Checkout.root.appendingPathComponent("\($0)/\(name)") }
      return try Set(
        folders.flatMap(Checkout.swiftFiles).flatMap { file in
          try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            line.prefixMatch(of: /(?:@testable |internal |public |package )?import (\w+)/).map {
              String($0.1)
            }
          }
        })
    }
  }

  /// Swift targets in the manifest's order; not those of C, whose names begin with C and another capital.
  static func read() throws -> [Target] {
    let text = try String(
      contentsOf: Checkout.root.appendingPathComponent("Package.swift"), encoding: .utf8)
    let start = /\.(?:target|testTarget|executableTarget)\(\s*name: "(\w+)"/
    let matches = Array(text.matches(of: start))
    return zip(matches, matches.dropFirst().map(\.range.lowerBound) + [text.endIndex]).compactMap {
      match, end in
      let name = String(match.1)
      // C targets import nothing.
      guard name.firstMatch(of: /^C[A-Z]/) == nil else { return nil }
      let rest = text[match.range.upperBound..<end]
      let list = rest.firstMatch(of: /dependencies: \[((?:[^\[\]])*)\]/).map { String($0.1) } ?? ""
      let names = list.replacing(/\.product\(name: ("\w+"), package: "[\w-]+"\)/) { $0.1 }
        .matches(of: /"(\w+)"/).map { String($0.1) }
      return Target(name: name, dependencies: Set(names))
    }
  }

  /// Those of C, by their folders.
  static func cTargets() throws -> [String] {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: Checkout.root.appendingPathComponent("Sources").path)
    return folders.filter { $0.firstMatch(of: /^C[A-Z]/) != nil }.sorted()
  }
}
