import GoldenCases
import TestSupport
import Testing

@Suite struct GoldenFolderTests {
  /// Without SLUICE_GOLDEN this is the message that only our own fixtures were compared.
  @Test(.enabled(if: Golden.root != nil, "SLUICE_GOLDEN is not set: only Tests/Fixtures/golden is compared"))
  func goldenFoldersAllHaveAKnownForm() {
    #expect(GoldenCase.unknown.isEmpty, "no test knows what these hold: \(GoldenCase.unknown)")
    #expect(GoldenCase.all.contains { $0.folder.path.hasPrefix(Golden.root!.path) })
  }

  @Test func goldenFixturesOfOursAreThere() {
    let ours = Set(GoldenCase.all.filter { $0.folder.path.contains("Fixtures") }.map(\.form))
    #expect(ours.isSuperset(of: [.ops, .gate, .losses, .budget, .optim]))
  }
}
