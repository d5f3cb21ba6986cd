"""The client of RabbitMQ's RPC tutorial: `python3 client.py 30` asks whoever serves `rpc_queue`, here a worker of tq."""
import os
import sys
import uuid

import pika

QUEUE = os.environ.get('TQ_PREFIX', '') + 'rpc_queue'
URL = os.environ.get('TQ_URL', 'amqp://guest:guest@127.0.0.1:5672')

connection = pika.BlockingConnection(pika.URLParameters(URL))
channel = connection.channel()
replies = channel.queue_declare(queue='', exclusive=True).method.queue
wanted = str(uuid.uuid4())
answers = []


def take(channel, method, properties, body):
    if properties.correlation_id == wanted:
        answers.append(body.decode())


channel.basic_consume(queue=replies, on_message_callback=take, auto_ack=True)
number = sys.argv[1] if len(sys.argv) > 1 else '30'
channel.basic_publish(
    exchange='',
    routing_key=QUEUE,
    properties=pika.BasicProperties(reply_to=replies, correlation_id=wanted),
    body=number,
)
while not answers:
    connection.process_data_events(time_limit=None)
print(f'fib({number}) = {answers[0]}')
connection.close()
