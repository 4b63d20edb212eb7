import TestSupport
import Testing

@testable import Provenance

/// Ranks of one job that do not have the same.
@Suite struct UnlikeRanksTests {
  @Test func ranksThatDifferAreNamed() {
    let error = #expect(throws: UnlikeRanks.self) {
      try UnlikeRanks.refuse(
        "data", ["digest a", "digest a", "digest b"], advice: "copy the same files to every node")
    }
    #expect(
      error?.description == "ranks do not have the same data: ranks 0–1 have digest a; rank 2 has digest b: "
        + "copy the same files to every node")
  }

  @Test func ofManyThreeAreShown() {
    let error = #expect(throws: UnlikeRanks.self) {
      try UnlikeRanks.refuse("data", ["a", "b", "c", "d", "e"], advice: "look")
    }
    #expect(
      error?.description
        == "ranks do not have the same data: rank 0 has a; rank 1 has b; rank 2 has c; others have others: look"
    )
  }

  @Test func ranksThatAgreeAreLetPass() throws {
    try UnlikeRanks.refuse("data", ["a", "a"], advice: "look")
    _ = try ThreadRanks(2).run { try $0.requireSameBuild() }
  }
}
