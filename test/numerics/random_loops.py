"""Random networks of loops and branches that overwrite parts of tensors, and what they compute.

The text is values, written once; a compiler that lets two of them share a buffer must know that nobody reads the first any more. The
generator computes each value as a new array, and knows nothing of buffers.
"""

import random

import numpy as np

LENGTH = 6
KIND = f"tensor<{LENGTH}xi32>"
CONSTANTS = "".join(f"%c{n} = arith.constant {n} : index\n" for n in range(LENGTH + 1))


class Generator:
    """Writes one network; `run` computes it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0
        self.lines = []

    def name(self):
        self.count += 1
        return f"%v{self.count}"

    def write(self, text):
        self.lines.append(text)

    def block(self, scope, indices, depth, length):
        """Statements on the tensors of `scope` (names, the newest last) as a list of functions on an environment."""
        steps = []
        for _ in range(length):
            kinds = ["add", "add", "reverse", "insert", "insert", "put", "sum"]
            if depth < 3:
                kinds += ["for", "for", "if"]
            steps += getattr(self, "write_" + self.random.choice(kinds))(scope, indices, depth)
        return steps

    def pick(self, scope):
        """A tensor in scope; mostly one of the newest."""
        return self.random.choice(scope[-4:] if self.random.random() < 0.8 else scope)

    def write_add(self, scope, indices, depth):
        a, b, result = self.pick(scope), self.pick(scope), self.name()
        self.write(f"{result} = arith.addi {a}, {b} : {KIND}")
        scope.append(result)
        return [lambda env: env.update({result: env[a] + env[b]})]

    def generic(self, result, inputs, outs, maps, iterators, body):
        reads = f"ins({', '.join(inputs)} : {', '.join([KIND] * len(inputs))}) " if inputs else ""
        self.write(
            f"{result} = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]}} {reads}"
            f"outs({outs} : {KIND}) {{\n{body}\n}} -> {KIND}"
        )

    def write_reverse(self, scope, indices, depth):
        """Reads another place of a tensor than it writes; the destination may be one that is read."""
        source, into, result = self.pick(scope), self.pick(scope), self.name()
        self.generic(result, [], into, "affine_map<(i) -> (i)>", '"parallel"', f"""
          ^body(%own: i32):
            %i = linalg.index 0 : index
            %j = arith.subi %c{LENGTH - 1}, %i : index
            %v = tensor.extract {source}[%j] : {KIND}
            %s = arith.addi %v, %own : i32
            linalg.yield %s : i32""")
        scope.append(result)
        return [lambda env: env.update({result: env[source][::-1] + env[into]})]

    def write_sum(self, scope, indices, depth):
        """All of one tensor is added to each element of another."""
        source, into, result = self.pick(scope), self.pick(scope), self.name()
        maps = "affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>"
        self.generic(result, [source], into, maps, '"parallel", "reduction"', """
          ^body(%in: i32, %own: i32):
            %s = arith.addi %in, %own : i32
            linalg.yield %s : i32""")
        scope.append(result)
        return [lambda env: env.update({result: env[into] + env[source].sum(dtype=np.int32)})]

    def write_insert(self, scope, indices, depth):
        source, into, place, result = self.pick(scope), self.pick(scope), self.random.choice(indices), self.name()
        start = self.random.randrange(LENGTH)
        value = self.name()
        self.write(f"{value} = tensor.extract {source}[%c{start}] : {KIND}")
        self.write(f"{result} = tensor.insert {value} into {into}[{place}] : {KIND}")
        scope.append(result)

        def step(env):
            changed = env[into].copy()
            changed[env[place]] = env[source][start]
            env[result] = changed

        return [step]

    def write_put(self, scope, indices, depth):
        """A part of one tensor into another, or another place of itself."""
        source, into, result, part = self.pick(scope), self.pick(scope), self.name(), self.name()
        size = self.random.randrange(1, LENGTH)
        start, place = (self.random.randrange(LENGTH - size + 1) for _ in range(2))
        small = f"tensor<{size}xi32>"
        self.write(f"{part} = tensor.extract_slice {source}[{start}] [{size}] [1] : {KIND} to {small}")
        self.write(f"{result} = tensor.insert_slice {part} into {into}[{place}] [{size}] [1] : {small} into {KIND}")
        scope.append(result)

        def step(env):
            changed = env[into].copy()
            changed[place : place + size] = env[source][start : start + size]
            env[result] = changed

        return [step]

    def write_for(self, scope, indices, depth):
        carried_count, trips = self.random.randrange(1, 4), self.random.randrange(0, 5)
        initial = [self.pick(scope) for _ in range(carried_count)]
        results = [self.name() for _ in range(carried_count)]
        carried = [self.name() for _ in range(carried_count)]
        index = self.name()
        starts = ", ".join(f"{c} = {i}" for c, i in zip(carried, initial))
        whole = self.name()
        self.write(
            f"{whole}:{carried_count} = scf.for {index} = %c0 to %c{trips} step %c1 iter_args({starts}) -> ({', '.join([KIND] * carried_count)}) {{"
        )
        inner = [*scope, *carried]
        steps = self.block(inner, [*indices, index], depth + 1, self.random.randrange(1, 4))
        yielded = [self.pick(inner) for _ in range(carried_count)]
        self.write(f"scf.yield {', '.join(yielded)} : {', '.join([KIND] * carried_count)}\n}}")
        # A name for each result: a view that costs nothing, of a kind that the compiler drops.
        for number, result in enumerate(results):
            self.write(f"{result} = tensor.cast {whole}#{number} : {KIND} to {KIND}")
        scope += results

        def step(env):
            values = [env[i] for i in initial]
            for trip in range(trips):
                inside = {**env, **dict(zip(carried, values)), index: trip}
                for inner_step in steps:
                    inner_step(inside)
                values = [inside[y] for y in yielded]
            env.update(zip(results, values))

        return [step]

    def write_if(self, scope, indices, depth):
        source, result, value, condition = self.pick(scope), self.name(), self.name(), self.name()
        start = self.random.randrange(LENGTH)
        self.write(f"{value} = tensor.extract {source}[%c{start}] : {KIND}")
        self.write(f"{condition} = arith.cmpi sgt, {value}, %limit : i32")
        self.write(f"{result} = scf.if {condition} -> ({KIND}) {{")
        branches = []
        for _ in range(2):
            inner = list(scope)
            steps = self.block(inner, indices, depth + 1, self.random.randrange(0, 3))
            branches.append((steps, self.pick(inner)))
            self.write(f"scf.yield {branches[-1][1]} : {KIND}\n}} {'else {' if len(branches) == 1 else ''}")
        scope.append(result)

        def step(env):
            steps, yielded = branches[0 if env[source][start] > 3 else 1]
            inside = dict(env)
            for inner_step in steps:
                inner_step(inside)
            env[result] = inside[yielded]

        return [step]

    def network(self):
        """The body of @main(%x, %y), the number of results, and the function that computes them."""
        scope = ["%x", "%y"]
        self.write(CONSTANTS + "%limit = arith.constant 3 : i32")
        indices = [f"%c{n}" for n in range(LENGTH)]
        steps = self.block(scope, indices, 0, self.random.randrange(3, 8))
        returned = [self.pick(scope) for _ in range(3)]
        self.write(f"return {', '.join(returned)} : {', '.join([KIND] * 3)}")

        def run(x, y):
            env = {"%x": x, "%y": y, **{f"%c{n}": n for n in range(LENGTH)}}
            for step in steps:
                step(env)
            return [env[name] for name in returned]

        return "\n".join(self.lines), run
