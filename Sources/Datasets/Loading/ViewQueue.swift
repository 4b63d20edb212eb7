import Foundation
import Tensors

/// The batches being made and not yet taken, and the threads that make them. The threads own it, not the
/// loader, so that a loader can end while they wait.
final class ViewQueue: @unchecked Sendable {
  // @unchecked: everything that changes is guarded by `condition`; a batch's tensor is written by pieces
  // that write to disjoint rows, and read after the last of them.
  private let condition = NSCondition()
  private let plan: ViewPlan
  private let depth: Int
  private var liveThreads: Int
  private var stopped = false
  /// In the order of their steps.
  private var batches: [Unfinished] = []
  private var stepToOpen: Int
  private var order: (epoch: Int, permutation: [Int]) = (-1, [])
  private var waited = Duration.zero

  /// A batch of which some images are not made yet.
  private final class Unfinished {
    let batch: ViewBatch
    var next = 0
    var missing: Int
    var failure: (position: Int, error: any Error)?
    /// By position, as threads come to them in any order.
    var skipped: [(position: Int, images: [SkippedImage])] = []

    init(_ batch: ViewBatch) {
      self.batch = batch
      missing = batch.indices.count
    }

    /// The batch with what was found out while it was made.
    var finished: ViewBatch {
      var batch = batch
      batch.skipped = skipped.sorted { $0.position < $1.position }.flatMap(\.images)
      return batch
    }
  }

  init(plan: ViewPlan, startStep: Int, threads: Int, depth: Int) {
    self.plan = plan
    self.depth = depth
    liveThreads = threads
    stepToOpen = startStep
  }

  var waitedSeconds: Double { condition.withLock { waited / .seconds(1) } }

  func next() throws -> ViewBatch {
    try condition.withLock {
      let start = ContinuousClock.now
      while !stopped && batches.first?.missing != 0 { condition.wait() }
      waited += ContinuousClock.now - start
      guard !stopped, let first = batches.first else { throw LoaderStopped() }
      // A batch that failed stays in its place: nothing comes after it.
      if let failure = first.failure { throw failure.error }
      batches.removeFirst()
      condition.broadcast()
      return first.finished
    }
  }

  func stop() {
    condition.withLock {
      stopped = true
      batches = []
      condition.broadcast()
      while liveThreads > 0 { condition.wait() }
    }
  }

  /// The life of a thread: takes images of the earliest batch that has any left to take.
  func work() {
    condition.lock()
    while !stopped {
      if let batch = batches.first(where: { $0.next < $0.batch.indices.count }) {
        fill(batch)
      } else if batches.count < depth {
        open()
      } else {
        condition.wait()
      }
    }
    liveThreads -= 1
    condition.broadcast()
    condition.unlock()
  }

  /// Makes one image's views. The lock is held on entry and on return.
  private func fill(_ unfinished: Unfinished) {
    let position = unfinished.next
    unfinished.next += 1
    let batch = unfinished.batch
    condition.unlock()
    let result = Result {
      try plan.fill(batch.images, position: position, index: batch.indices[position], epoch: batch.epoch)
    }
    condition.lock()
    switch result {
    case .success(let skipped):
      if !skipped.isEmpty { unfinished.skipped.append((position, skipped)) }
    case .failure(let error):
      if position < unfinished.failure?.position ?? .max { unfinished.failure = (position, error) }
    }
    unfinished.missing -= 1
    if unfinished.missing == 0 { condition.broadcast() }
  }

  /// Opens the next step's batch. The lock is held.
  private func open() {
    let epoch = plan.epoch(ofStep: stepToOpen)
    if order.epoch != epoch { order = (epoch, plan.sampler.permutation(epoch: epoch)) }
    let indices = plan.indices(ofStep: stepToOpen, in: order.permutation)
    batches.append(
      Unfinished(
        ViewBatch(
          epoch: epoch, step: stepToOpen, indices: indices, images: plan.makeImages(), layout: plan.layout,
          dataset: plan.reader.dataset)))
    stepToOpen += 1
    condition.broadcast()
  }
}
