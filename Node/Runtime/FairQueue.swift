/// Elements of several origins, each origin's in order, taken in turns: one of each origin that has something, and again. So what
/// an origin has waiting delays its own further elements, and those of others by one element a turn at most.
///
/// Origins and their lanes take room only while they have something: a lane is named by its place, and used again.
/// Adding and taking cost the same whatever waits.
struct FairQueue<Origin: Hashable, Element> {
    fileprivate struct Lane {
        let origin: Origin
        var elements: [Element?] = []
        /// Elements before it are taken.
        var head = 0
    }

    private var lanes: [Lane?] = []
    private var free: [Int] = []
    private var places: [Origin: Int] = [:]
    /// Places of the lanes with something, in the order of their turns; entries before `ringHead` are gone.
    private var ring: [Int] = []
    private var ringHead = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func add(_ element: Element, of origin: Origin) {
        count += 1
        if let place = places[origin] {
            lanes[place]?.elements.append(element)
            return
        }
        let place = free.popLast() ?? lanes.count
        if place == lanes.count { lanes.append(nil) }
        lanes[place] = Lane(origin: origin, elements: [element])
        places[origin] = place
        ring.append(place)
    }

    /// The first element of the origin whose turn it is.
    mutating func next() -> Element? {
        guard ringHead < ring.count else { return nil }
        let place = ring[ringHead]
        ringHead += 1
        let element = lanes[place]?.pop()
        if let origin = lanes[place]?.finished {
            lanes[place] = nil
            places[origin] = nil
            free.append(place)
        } else {
            ring.append(place)
        }
        if ringHead == ring.count || ringHead >= 1_024 {
            ring.removeFirst(ringHead)
            ringHead = 0
        }
        guard let element else { return nil }
        count -= 1
        return element
    }
}

extension FairQueue.Lane {
    fileprivate mutating func pop() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            elements[head] = nil
            head += 1
            if head >= 1_024, head < elements.count {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }

    /// Its origin, once everything is taken.
    fileprivate var finished: Origin? { head >= elements.count ? origin : nil }
}
