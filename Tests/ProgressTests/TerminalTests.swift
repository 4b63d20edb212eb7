import Testing

@testable import Progress

/// A terminal that a person says is there, so that the environment alone describes it.
@Suite struct TerminalTests {
  @Test(arguments: [
    ([:], 80), (["COLUMNS": "132"], 132), (["COLUMNS": ""], 80), (["COLUMNS": "1"], 80),
    (["COLUMNS": "wide"], 80),
  ])
  func columnsComeFromTheEnvironment(environment: [String: String], columns: Int) {
    #expect(Terminal(forcedIn: environment).columns == columns)
  }

  @Test(arguments: [
    ([:], false), (["LANG": "C"], false), (["LANG": "en_US.UTF-8"], true), (["LANG": "C.utf8"], true),
    (["LC_ALL": "C", "LANG": "en_US.UTF-8"], false), (["LC_ALL": "", "LANG": "en_US.UTF-8"], true),
    (["LC_CTYPE": "en_US.UTF-8", "LANG": "C"], true),
  ])
  func glyphsFollowTheLocale(environment: [String: String], isUTF8: Bool) {
    #expect(Terminal(forcedIn: environment).isUTF8 == isUTF8)
  }

  @Test(arguments: [[:], ["TERM": ""], ["TERM": "dumb"]])
  func aTerminalThatCannotOverwriteIsNone(environment: [String: String]) {
    #expect(Terminal(ofStandardErrorIn: environment) == nil)
  }
}
