import Testing

@testable import Foundations

@Suite struct TextTableTests {
  @Test func columnsAreAligned() {
    let table = TextTable([.name("run"), .number("k-NN")], [["a", "61.20 %"], ["long/name", "–"]])
    #expect(table.lines == ["run           k-NN", "a          61.20 %", "long/name        –"])
  }

  /// Pictures and ideographs take two columns.
  @Test func wideCharactersAreAligned() {
    let table = TextTable([.name("run"), .number("n")], [["🙂", "1"], ["abc", "2"], ["中文", "3"]])
    #expect(table.lines == ["run   n", "🙂    1", "abc   2", "中文  3"])
  }

  /// The ends of names tell runs apart.
  @Test func longNamesLoseTheirBeginning() {
    let name = String(repeating: "x", count: 200) + "/seed-1"
    let lines = TextTable([.name("run"), .number("n")], [[name, "1"]]).lines
    #expect(lines.allSatisfy { $0.terminalWidth <= 100 })
    #expect(lines[1].hasPrefix("…xxx") && lines[1].hasSuffix("/seed-1  1"))
  }
}
