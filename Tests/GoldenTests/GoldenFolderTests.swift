import GoldenCases
import TestSupport
import Testing

@Suite struct GoldenFolderTests {
  /// Without SLUICE_GOLDEN this is the message that only our own fixtures were compared.
  @Test(
    .enabled(
      if: !Golden.roots.isEmpty, "SLUICE_GOLDEN names no folder: only Tests/Fixtures/golden is compared"))
  func goldenFoldersAllHaveAKnownForm() {
    #expect(GoldenCase.unknown.isEmpty, "no test knows what these hold: \(GoldenCase.unknown)")
    for root in Golden.roots {
      #expect(
        GoldenCase.all.contains { $0.folder.path.hasPrefix(root.path + "/") }, "\(root.path) has no case")
    }
  }

  @Test func goldenFixturesOfOursAreThere() {
    let ours = Set(GoldenCase.all.filter { $0.folder.path.contains("Fixtures") }.map(\.form))
    #expect(ours.isSuperset(of: [.ops, .gate, .losses, .rotnet, .npid, .budget, .optim, .rewinding]))
  }
}
