import TestSupport
import Tensors
import Testing

@testable import Collectives

/// Where ranks are among their collectives, on threads.
@Suite struct PlaceTests {
  @Test func everyRankCountsTheSameCollectives() throws {
    let places = try ThreadRanks(4).run { world in
      #expect(world.place.place == CollectivePlace(number: 0, purpose: .start, isWaiting: false))
      try world.barrier()
      _ = try world.broadcast(value: "text")
      _ = try world.sum([Int64(1)])
      _ = try world.sum([1.5], leaves: 1, width: 1)
      _ = try world.agreeUnlessStopped { world.rank }
      let gradients = UnsafeMutableBufferPointer<Float>.allocate(capacity: 100)
      defer { gradients.deallocate() }
      gradients.update(repeating: 1)
      _ = try GradientReducer(world, gradients: gradients).finish()
      return world.place.place
    }
    #expect(
      places
        == Array(repeating: CollectivePlace(number: 6, purpose: .gradients, isWaiting: false), count: 4))
  }

  @Test func aRankIsInsideWhileItWaits() throws {
    let inside = try ThreadRanks(2).run { world in
      world.meet(.counts) { _ in world.place.place }
    }
    #expect(
      inside
        == Array(repeating: CollectivePlace(number: 1, purpose: .counts, isWaiting: true), count: 2))
  }

  /// Each would take another number for the answer to its question.
  @Test func ranksThatCameOtherWaysAreToldSo() throws {
    #expect(throws: RanksOutOfStep(collective: "agreement", counts: [1, 2, 1])) {
      try ThreadRanks(3).run { world in
        if world.rank == 1 { world.place.enter(.barrier) }
        try world.agree {}
      }
    }
    #expect(
      RanksOutOfStep(collective: "agreement", counts: [1, 2, 1]).description
        == "ranks do not take the same steps: 'agreement' is collective 1 of rank 0 and 2 of rank 1, "
        + "which is a fault of Sluice")
  }
}
