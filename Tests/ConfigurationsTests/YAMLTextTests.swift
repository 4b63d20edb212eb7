import Foundation
import Testing

@testable import Configurations

/// Configurations from somebody who means no good.
@Suite struct YAMLTextTests {
  private func message(_ yaml: String) -> String? {
    do {
      _ = try ConfigurationFile(yaml: yaml, path: "c.yaml")
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// "Billion laughs": 30 lines that stand for 2³⁰ values; also where a key is one, which has to be compared with others.
  @Test(arguments: ["data: {source: *a29}", "? *a29\n: 1", "gates:\n  *a29 : 1", "seed: *a29"])
  func aliasesAreRefusedAndNotFollowed(use: String) {
    let bomb = ["a0: &a0 [x, x]"] + (1..<30).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]" }
    #expect(
      message((bomb + [use]).joined(separator: "\n"))
        == "c.yaml:2: '*a0' stands for '&a0', and aliases are not read: write the value in its place")
  }

  /// Each line is 900 levels deeper than the one before.
  @Test func aliasesThatMakeATreeTooDeepAreRefused() {
    let (opening, closing) = (String(repeating: "[", count: 900), String(repeating: "]", count: 900))
    let tower = (1..<500).map { "a\($0): &a\($0) \(opening)*a\($0 - 1)\(closing)" }
    #expect(message("a0: &a0 x\n" + tower.joined(separator: "\n"))?.contains("aliases are not read") == true)
  }

  /// Text that only has the same signs in it.
  @Test func starsAndAmpersandsAreText() throws {
    let file = try ConfigurationFile(
      yaml: "# a * b & c, *x and &y\ndata:\n  source: 'folder:/data/R&D/*2'\nseed: 3 # 2*3\n", path: "c.yaml")
    #expect(file.values.data.source == "folder:/data/R&D/*2" && file.values.seed == 3)
  }

  @Test(arguments: ["[", "{a: ", "? ", "- ", "{", "a: [", "&a [", "!t ["])
  func deepNestingIsASentence(opening: String) {
    for start in ["", "data: ", "data:\n  source: "] {
      let text = message(start + String(repeating: opening, count: 100_000))
      #expect(text?.hasPrefix("c.yaml:") == true && text?.contains("\n") == false)
    }
  }

  @Test func aTextHasALimit() {
    #expect(
      message("data: {source: shapes}\n#" + String(repeating: "x", count: 1 << 20))
        == "c.yaml:1: it has more than 1,048,576 bytes")
    let endless = #expect(throws: ConfigurationError.self) { try ConfigurationFile(contentsOf: "/dev/zero") }
    #expect(endless.map { "\($0)" } == "/dev/zero: cannot be read: it has more than 1,048,576 bytes")
  }

  /// The same limits hold for options and tables.
  @Test func optionsAndTablesHaveTheSameLimits() throws {
    let bomb = "[&a x, *a]"
    let option = #expect(throws: ConfigurationError.self) {
      try ConfigurationFile(
        yaml: "data: {source: shapes}", path: "c", settings: ["network.inner_channels=\(bomb)"])
    }
    #expect(option.map { "\($0)".contains("found '[&a x, *a]'") } == true)
    let path = NSTemporaryDirectory() + "/\(UUID().uuidString).yaml"
    try Data("- &a width=64\n- *a\n".utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let table = #expect(throws: ConfigurationError.self) { try LatencyTable(contentsOf: path) }
    #expect(
      table.map {
        "\($0)".hasSuffix(":2: '*a' stands for '&a', and aliases are not read: write the value in its place")
      } == true)
  }

  /// Data may bring images of any size, where a configuration leaves that to them.
  @Test func inputsHaveALimitWhereverTheyComeFrom() throws {
    let file = try ConfigurationFile(yaml: "data: {source: shapes}", path: "c")
    for size in [1025, Int.max] {
      let error = #expect(throws: (any Error).self) { try file.resolved(imageSize: size) }
      #expect(error.map { "\($0)".contains("may be 1024×1024 at most") } == true)
    }
  }
}
